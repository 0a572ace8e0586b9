/** Grades what the candidates answered to one prompt, by whatever knows best what is right. */
import { type Preferred, pairwisePrompt, qualityOf, readPreferred } from '../judge/pairwise.ts'
import { checkDemo } from '../simulate/demo.check.ts'
import type { Candidate } from '../spec.ts'
import { gradeByRule } from '../train/bootstrap/grade.ts'
import type { Message, Prompt } from '../train/bootstrap/prompts.ts'
import type { Asker } from './bootstrap.ask.ts'
import { asText } from './bootstrap.prompts.ts'

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
  { candidates, asker, judge }: GradeOptions,
): Promise<number | null> {
  const answer = answers[m] ?? null
  const against = answers[candidates.findIndex(({ id }) => id === judge?.against.id)] ?? null
  if (judge === null || answer === null || against === null) return null
  if (candidates[m]!.id === judge.against.id || answer === against) return 0.5
  const { reference } = prompt
  const prefer = (first: string, second: string) =>
    askJudge(
      asker,
      judge.candidate,
      pairwisePrompt({ prompt: asText(prompt.messages), first, second, ...(reference !== undefined && { reference }) }),
    )
  const [straight, swapped] = await Promise.all([prefer(answer, against), prefer(against, answer)])
  return straight && swapped && qualityOf(straight, swapped)
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

/** What grading a prompt is expected to cost, in USD, before its answers are known: two comparisons of each candidate but one, of answers of so many tokens. */
export function expectedJudgingUsd(
  prompt: Prompt,
  { candidates, asker, judge, recorded, demo }: GradeOptions,
  answerTokens: number,
): number {
  if (judge === null || graderOf(prompt, { judge, recorded, demo }) !== 'judge') return 0
  const answer = 'word '.repeat(answerTokens)
  const content = pairwisePrompt({ prompt: asText(prompt.messages), first: answer, second: answer })
  return 2 * (candidates.length - 1) * asker.expectedUsd(judge.candidate, [{ role: 'user', content }])
}
