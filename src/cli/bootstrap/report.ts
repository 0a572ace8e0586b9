/** What a bootstrap found, in words. */
import Table from 'cli-table3'
import type { Bootstrapped } from '../../train/bootstrap/learn.ts'
import type { Level } from '../../train/bootstrap/levels.ts'
import { type Evidence, WORTHWHILE } from '../../train/bootstrap/verdict.ts'
import type { Interval } from '../../train/metrics/interval.ts'

export interface Report extends Pick<Bootstrapped, 'verdict'>, Pick<Evidence, 'proof'> {
  readonly levels: readonly Level[]
  /** The one whose λ the verdict is for. */
  readonly judged: Level
  /** Ids by column. */
  readonly candidates: readonly string[]
  /** Prompts asked and graded, of those given; and of those the ones of which every candidate's outcome is known. */
  readonly prompts: number
  readonly given: number
  readonly complete: number
  /** Logged requests that cannot be asked again. */
  readonly leftOut: number
  readonly newAnswers: number
  readonly newUsd: number
  /** By all runs. */
  readonly spentUsd: number
  readonly budgetUsd: number
  /** The budget holds no more prompts. */
  readonly exhausted: boolean
  /** Prompts by who graded them. */
  readonly graders: Readonly<Record<string, number>>
  /** What serves if the advice is followed. */
  readonly policy: string
  /** The command as it was given, but for its budget; and what `promote` has to be told beside the policy. */
  readonly command: string
  readonly promoteWith: string
}

export function renderSummary(report: Report): string[] {
  const { prompts, given, complete, candidates, newAnswers, newUsd, spentUsd, budgetUsd, graders } = report
  const by = Object.entries(graders).map(([name, count]) => `${name} (${count})`)
  return [
    `${prompts} of ${given} prompts, ${candidates.length} candidates: ${newAnswers} new answers for USD ${money(newUsd)}, USD ${money(spentUsd)} of ${budgetUsd} spent in all. Graded by ${by.join(', ')}.`,
    ...(report.exhausted ? ['The budget holds no more prompts.'] : []),
    ...(report.leftOut > 0
      ? [`${report.leftOut} logged requests are left out: they had several messages, or more text than the log keeps.`]
      : []),
    ...(complete < prompts
      ? [`${prompts - complete} prompts lack a grade of some candidate: they are learned from, and not judged by.`]
      : []),
  ]
}

export function renderLevels({ levels, candidates }: Report): string {
  const table = new Table({
    head: ['level', 'λ', 'best constant', 'sure', 'quality', 'USD per 1,000', 'policy: quality', 'cost saved'],
    style: { head: [], border: [] },
  })
  for (const { name, lambda, constant, sure, policy } of levels)
    table.push([
      name,
      lambda.toPrecision(3),
      candidates[constant.column],
      percent(sure),
      constant.point.quality.toFixed(3),
      (1000 * constant.point.costUsd).toPrecision(3),
      policy === null ? '' : interval(policy.quality, (value) => signed(value, 3)),
      policy === null ? '' : interval(policy.saving, percent),
    ])
  return table.toString()
}

/** One of three: promote the policy, keep the constant, or so many more prompts. */
export function renderVerdict(report: Report): string[] {
  const { verdict, judged, candidates, complete, proof, policy } = report
  const constant = candidates[judged.constant.column]!
  const at = `level ${judged.name}, λ ${judged.lambda.toPrecision(3)}, ${complete} prompts`
  const serve = `switchyard promote ${policy.slice(0, 12)}${report.promoteWith}`
  const until = `Until then the constant ${constant}: ${serve}`
  switch (verdict.kind) {
    case 'promote':
      return [
        `PROMOTE this policy (${at}): it ${gainInWords(judged)}; decided on prompts that it had not seen, 95 % intervals. In quality − λ · cost it gains ${signed(proof!.gain, 4)} per request over ${proof!.against}, at least ${signed(proof!.lower!, 4)}.`,
        `Put it in charge: ${serve}`,
      ]
    case 'keep':
      return [
        `KEEP the constant ${constant} (${at}): what these prompts teach gains at most ${Math.max(0, verdict.most).toFixed(4)} per request, less than the ${WORTHWHILE} that is worth a policy.`,
        `Let it serve: ${serve}`,
      ]
    case 'undecided':
      return [`UNDECIDED (${at}): ${moreInWords(report, verdict)}`, until]
    case 'begun':
      return [
        `UNDECIDED (${at}): so few say nothing. ${priced(report, verdict.more)} are a beginning.${goOn(report, verdict.more)}`,
        until,
      ]
  }
}

/** "saves 41 % (36 to 46 %) of what X costs at a quality of …", or the other way round where it costs more. */
function gainInWords({ policy }: Level): string {
  if (policy === null) return 'is better than the constant'
  const { quality, saving } = policy
  const points = interval(quality, (value) => signed(value, 3))
  const share = interval(saving, percent)
  return saving.value > 0
    ? `saves ${share} of the cost of the best constant at a quality of ${points}`
    : `gains ${points} of quality at ${percent(-saving.value)} more cost than the best constant`
}

function moreInWords(
  report: Report,
  { seen, likely, most }: Extract<Report['verdict'], { readonly kind: 'undecided' }>,
): string {
  const would =
    most > likely
      ? `about ${priced(report, likely)} would decide if the gain is the ${signed(seen, 4)} per request that it seems to be, up to ${priced(report, most)} if it is as small as ${WORTHWHILE}.`
      : `about ${priced(report, likely)} would find a gain of ${WORTHWHILE} per request, the smallest that is worth a policy, if it is there.`
  return `${would}${goOn(report, likely)}`
}

function priced(report: Report, prompts: number): string {
  return `${prompts.toLocaleString('en')} more prompts (USD ${money(prompts * usdPerPrompt(report))})`
}

function usdPerPrompt({ spentUsd, prompts }: Report): number {
  return spentUsd / prompts
}

/** A tenth more than is expected: what is expected is a mean. */
const RESERVE = 1.1

function goOn(report: Report, prompts: number): string {
  const { spentUsd, given, command } = report
  const budgetUsd = Math.ceil(100 * (spentUsd + RESERVE * prompts * usdPerPrompt(report))) / 100
  const left = given - report.prompts
  const lacking = prompts - left
  const first = lacking > 0 ? ` ${left.toLocaleString('en')} are left: add ${lacking.toLocaleString('en')}.` : ''
  return `${first} Go on with: ${command} --budget-usd ${budgetUsd}`
}

function interval({ value, low, high }: Interval, show: (value: number) => string): string {
  return `${show(value)} (${show(low)} to ${show(high)})`
}

function percent(share: number): string {
  return `${(100 * share).toFixed(Math.abs(share) < 0.1 ? 1 : 0)} %`.replace('-', '−')
}

function signed(value: number, digits: number): string {
  const text = value.toFixed(digits)
  return value < 0 ? text.replace('-', '−') : `+${text}`
}

export function money(usd: number): string {
  return usd < 0.01 ? Number(usd.toPrecision(2)).toString() : usd.toFixed(2)
}
