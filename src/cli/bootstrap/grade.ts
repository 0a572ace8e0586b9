/** Grades what the candidates answered to one prompt, by whatever knows best what is right. */
import { type Preferred, pairwisePrompt, qualityOf, readPreferred } from '../../judge/pairwise.ts'
import { checkDemo } from '../../simulate/demo.check.ts'
import type { Candidate } from '../../spec.ts'
import { gradeByRule } from '../../train/bootstrap/grade.ts'
import type { Message, Prompt } from '../../train/bootstrap/prompts.ts'
import type { Asker } from './ask.ts'
import { asText } from './prompts.ts'

export type Grader = 'check' | 'reference' | 'recorded' | 'demo' | 'judge'

/** Longer references are no answer to compare with to the letter. */
const RULE_CHARS = 100

export interface GradeOptions {
  readonly candidates: readonly Candidate[]
  readonly asker: Asker
  /** Who compares answers, and with whose. */
  readonly judge: { readonly candidate: Candidate; readonly against: Candidate } | null
  /** Outcomes that a data set recorded, of candidates that replay it: quality by prompt text and model. */
  readonly recorded: ReadonlyMap<string, ReadonlyMap<string, number>> | null
  /** All candidates are those of the demo. */
  readonly demo: boolean
}

/** `null`: nobody knows what is right. */
export function graderOf(
  { check, reference }: Pick<Prompt, 'check' | 'reference'>,
  { judge, recorded, demo }: Pick<GradeOptions, 'judge' | 'recorded' | 'demo'>,
): Grader | null {
  if (recorded !== null) return 'recorded'
  if (check !== undefined) return 'check'
  if (reference !== undefined && (judge === null || reference.length <= RULE_CHARS)) return 'reference'
  if (demo) return 'demo'
  return judge === null ? null : 'judge'
}

/** Quality in [0, 1] of each answer, in the order of the candidates; `null`: not known. */
export async function grade(
  prompt: Prompt,
  answers: readonly (string | null)[],
  options: GradeOptions,
): Promise<(number | null)[]> {
  const text = asText(prompt.messages)
  const each = (gradeOne: (answer: string, candidate: Candidate) => number | null) =>
    answers.map((answer, m) => (answer === null ? null : gradeOne(answer, options.candidates[m]!)))
  switch (graderOf(prompt, options)) {
    case null:
      return answers.map(() => null)
    case 'recorded':
      return each((_, { model }) => options.recorded?.get(text)?.get(model) ?? null)
    case 'check':
    case 'reference':
      return each((answer) => gradeByRule(prompt, answer))
    case 'demo':
      return each((answer) => checkDemo(prompt.messages.at(-1)!.content, answer))
    case 'judge':
      return Promise.all(answers.map((_, m) => compare(prompt, answers, m, options)))
  }
}

async function compare(
  prompt: Prompt,
  answers: readonly (string | null)[],
  m: number,
  options: GradeOptions,
): Promise<number | null> {
  const asked = comparisonsOf(prompt, answers, m, options)
  if (!Array.isArray(asked)) return asked
  const { asker, judge } = options
  const [straight, swapped] = await Promise.all(asked.map((content) => askJudge(asker, judge!.candidate, content)))
  return straight && swapped ? qualityOf(straight, swapped) : null
}

/** What the judge is asked of the answer of candidate m, in both orders; or the quality that needs no judge. */
function comparisonsOf(
  { messages, reference }: Prompt,
  answers: readonly (string | null)[],
  m: number,
  { candidates, judge }: GradeOptions,
): string[] | number | null {
  const answer = answers[m] ?? null
  const against = answers[candidates.findIndex(({ id }) => id === judge?.against.id)] ?? null
  if (answer === null || against === null) return null
  if (answer === against) return 0.5
  const about = { prompt: asText(messages), ...(reference !== undefined && { reference }) }
  return [
    pairwisePrompt({ ...about, first: answer, second: against }),
    pairwisePrompt({ ...about, first: against, second: answer }),
  ]
}

const AGAIN = 'Reply with one JSON object only: {"better": "A"}, {"better": "B"} or {"better": "tie"}.'

/** A verdict that cannot be read is asked for once more. */
async function askJudge(asker: Asker, judge: Candidate, content: string): Promise<Preferred | null> {
  const messages: Message[] = [{ role: 'user', content }]
  const said = await asker.ask(judge, messages)
  if (said === null) return null
  const preferred = readPreferred(said.text)
  if (preferred !== null) return preferred
  const again = await asker.ask(judge, [
    ...messages,
    { role: 'assistant', content: said.text === '' ? '…' : said.text },
    { role: 'user', content: AGAIN },
  ])
  return again && readPreferred(again.text)
}

/**
 * What grading a prompt is expected to cost, in USD: two comparisons of each candidate but one.
 * @param answerTokens of an answer that is not known yet
 */
export function expectedJudgingUsd(prompt: Prompt, options: GradeOptions, answerTokens: number): number {
  const { candidates, asker, judge } = options
  if (judge === null || graderOf(prompt, options) !== 'judge') return 0
  // Texts that differ, so that each is compared; four characters are about a token.
  const unknown = (m: number) => `${m} ${'word'.repeat(answerTokens)}`
  const answers = candidates.map((candidate, m) => asker.find(candidate, prompt.messages)?.text ?? unknown(m))
  return candidates
    .flatMap((_, m) => {
      const asked = comparisonsOf(prompt, answers, m, options)
      return Array.isArray(asked) ? asked : []
    })
    .reduce((sum, content) => sum + asker.expectedUsd(judge.candidate, [{ role: 'user', content }]), 0)
}
