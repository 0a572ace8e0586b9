/** Runs of a scenario summed up over seeds, as numbers and as tables. */
import { adaptiveRegret, cumulate } from '../../src/train/metrics/regret.ts'
import { lowerBound, mean } from '../../src/train/metrics/statistics.ts'
import { studentQuantile } from '../../src/train/metrics/student.ts'
import { type LearnerSpec, orderOf, type ReplayOptions, type Run, worthOf } from './replay.ts'
import type { Prior, Scenario, World } from './scenario.ts'

/** Φ⁻¹(0.975). */
const Z = 1.96
/** Points of the regret curve, as shares of the rounds. */
const CURVE = [0.25, 0.5, 0.75, 1]
/** Requests that a loss is averaged over, beside the seeds, and the share of it that must be made good. */
const WINDOW = 100
const RECOVERED = 0.9

interface Interval {
  readonly mean: number
  /** Half a 95 % interval over seeds. */
  readonly half: number
}

interface Line {
  readonly learner: string
  readonly prior: Prior
  /** quality − λ · cost per request. */
  readonly reward: Interval
  /** Sum up to each point of the curve, against the best constant of each half in hindsight. */
  readonly regret: readonly Interval[]
  /** The same from the change on. */
  readonly regretAfter: Interval
  /** The largest regret of any stretch of requests against the candidate that is best on it. */
  readonly adaptive: Interval
  /** From the change on, until `RECOVERED` of what it would lose without learning is made good. `never`: not within the run; `nothing`: it would lose nothing. `null`: nothing changes, or it does not learn. */
  readonly recovered: number | 'never' | 'nothing' | null
  readonly explored: number
}

export interface Summary extends Pick<ReplayOptions, 'rounds' | 'delay' | 'scored'> {
  readonly set: string
  readonly scenario: string
  readonly lambda: number
  readonly star: string
  readonly seeds: number
  /** Reward of the best constant in hindsight, of each half. */
  readonly constant: Interval
  readonly lines: readonly Line[]
}

export function summarise(
  world: World,
  scenario: Scenario,
  runs: ReadonlyMap<LearnerSpec, readonly Run[]>,
  { rounds, delay, scored }: Pick<ReplayOptions, 'rounds' | 'delay' | 'scored'>,
): Summary {
  const { set, lambda, star, queries } = world
  const seeds = [...runs.values()][0]!.length
  const change = Math.floor(rounds / 2)
  const changes = scenario.before !== scenario.after
  // By seed: what every candidate would have earned. Who is not there yet earns what the worst does.
  const arms = scenario.after.candidates.length
  const constants = Array.from({ length: seeds }, (_, i) => {
    const order = orderOf(queries.length, { seed: i + 1, rounds })
    const worth = order.map((row, t) => {
      if (t >= change) return worthOf(scenario.after, row, lambda)
      const known = worthOf(scenario.before, row, lambda)
      const ids = scenario.before.candidates.map(({ id }) => id)
      const least = Math.min(...known)
      return Float64Array.from(scenario.after.candidates, ({ id }) => known[ids.indexOf(id)] ?? least)
    })
    const bestOf = (from: number, to: number) => {
      const part = worth.slice(from, to)
      const sums = Array.from({ length: arms }, (_, c) => part.reduce((sum, row) => sum + row[c]!, 0))
      const best = sums.indexOf(Math.max(...sums))
      return part.map((row) => row[best]!)
    }
    const best = changes ? [...bestOf(0, change), ...bestOf(change, rounds)] : bestOf(0, rounds)
    const losses = Float64Array.from(
      { length: rounds * arms },
      (_, cell) => -worth[Math.floor(cell / arms)]![cell % arms]!,
    )
    return { best, losses }
  })

  const lines = [...runs].map(([{ name, prior, sees }, list]): Line => {
    const regrets = list.map(({ earned }, i) => cumulate(earned.map((value, t) => constants[i]!.best[t]! - value)))
    const upTo = (share: number) => regrets.map((regret) => regret[Math.round(share * rounds) - 1]!)
    return {
      learner: name,
      prior,
      reward: intervalOf(list.map(({ earned }) => mean(earned))),
      regret: CURVE.map((share) => intervalOf(upTo(share))),
      regretAfter: intervalOf(regrets.map((regret) => regret[rounds - 1]! - regret[change - 1]!)),
      adaptive: intervalOf(
        list.map(({ earned }, i) =>
          adaptiveRegret(
            earned.map((value) => -value),
            constants[i]!.losses,
            arms,
          ),
        ),
      ),
      recovered:
        changes && sees !== 'nothing'
          ? recoveryOf(
              list,
              constants.map(({ best }) => best.slice(change)),
              change,
            )
          : null,
      explored: mean(list.map(({ explored }) => explored)),
    }
  })
  const constant = intervalOf(constants.map(({ best }) => mean(best)))
  return { set, scenario: scenario.name, lambda, star, seeds, rounds, delay, scored, constant, lines }
}

/** What is lost against the best constant after the change, averaged over seeds and `WINDOW` requests, beside what the frozen learner loses on average. */
function recoveryOf(runs: readonly Run[], best: readonly (readonly number[])[], change: number): Line['recovered'] {
  const lossOf = (earned: (run: Run) => Float64Array) =>
    best[0]!.map((_, t) => mean(runs.map((run, i) => best[i]![t]! - earned(run)[t]!)))
  const atFirst = mean(lossOf(({ frozen }) => frozen))
  if (atFirst <= 0) return 'nothing'
  const losses = cumulate(lossOf(({ earned }) => earned.subarray(change)))
  for (let t = WINDOW; t <= losses.length; t++) {
    const loss = (losses[t - 1]! - (losses[t - WINDOW - 1] ?? 0)) / WINDOW
    if (loss <= (1 - RECOVERED) * atFirst) return t
  }
  return 'never'
}

function intervalOf(values: readonly number[]): Interval {
  const { mean: centre, error } = lowerBound(values, 0)
  return { mean: centre, half: studentQuantile(Z, values.length - 1) * error }
}

export function renderTables(summaries: readonly Summary[], { markdown }: { readonly markdown: boolean }): string {
  return summaries.map((summary) => render(summary, markdown)).join('\n\n')
}

function render(summary: Summary, markdown: boolean): string {
  const { set, scenario, lambda, star, seeds, rounds, delay, scored, constant, lines } = summary
  const changes = lines.some(({ recovered }) => recovered !== null)
  const head = [
    'learner',
    'offline prior',
    'reward',
    ...CURVE.map((share) => `regret at ${Math.round(share * rounds)}`),
    ...(changes ? ['regret after the change', 'recovered after'] : []),
    'worst stretch',
    'explored',
  ]
  const show = ({ mean: centre, half }: Interval, digits: number) =>
    `${centre.toFixed(digits)} ± ${half.toFixed(digits)}`
  const rows = lines.map((line) => [
    line.learner,
    line.prior,
    show(line.reward, 4),
    ...line.regret.map((regret) => show(regret, 1)),
    ...(changes ? [show(line.regretAfter, 1), String(line.recovered ?? '–')] : []),
    show(line.adaptive, 1),
    `${(100 * line.explored).toFixed(1)} %`,
  ])
  const learned = `${Math.round(100 * scored)} % of them learned from, ${delay} requests later`
  const title = `${set}, ${scenario}: λ = ${lambda.toPrecision(3)}, ${seeds} seeds, ${rounds} requests, ${learned}; best constant in hindsight ${show(constant, 4)}${changes ? `; it happens to ${star}` : ''}`
  if (markdown) {
    const table = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)
    return [title, '', ...table].join('\n')
  }
  const widths = head.map((cell, i) => Math.max(cell.length, ...rows.map((row) => row[i]!.length)))
  return [title, ...[head, ...rows].map((cells) => cells.map((cell, i) => cell.padEnd(widths[i]!)).join('  '))].join(
    '\n',
  )
}
