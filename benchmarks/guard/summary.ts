/** Trials summed up over draws, as numbers and as a table. */
import { lowerBound, mean } from '../../src/train/metrics/statistics.ts'
import { BUDGETS, type Trial } from './trial.ts'

/** Two-sided 95 % of the normal distribution. */
const Z = 1.96

export interface Cell {
  readonly set: string
  readonly split: string
  readonly estimator: string
  readonly size: number
  readonly draws: number
  /** Draws in which the guard let something through, and what it let through on average over all draws. */
  readonly served: number
  readonly shrink: number
  /** Mean test quality at λ = 0. */
  readonly constant: number
  readonly unguarded: number
  readonly guarded: number
  /** Less the constant on the same draw, with half the width of a 95 % interval over draws. */
  readonly raw: Difference
  readonly gain: Difference
  /** Share of the unguarded gain that the guard keeps; `null` where there is none for certain. */
  readonly kept: number | null
  /** The least mean gain at any λ, as a share of the oracle's. */
  readonly worst: number
  readonly budgets: readonly Budget[]
}

interface Difference {
  readonly mean: number
  readonly half: number
}

interface Budget {
  readonly share: number
  /** Draws in which all of the three met the budget on the training queries; the means are over them. */
  readonly met: number
  readonly hull: Spent
  readonly unguarded: Spent
  readonly guarded: Spent
}

interface Spent {
  readonly quality: number
  /** As a share of what the best constant costs. */
  readonly cost: number
}

/** One cell per set, estimator and size, in the order of the first trial of each. */
export function summarise(trials: readonly Trial[]): Cell[] {
  const groups = Map.groupBy(trials, ({ set, split, estimator, size }) => `${set} ${split} ${estimator} ${size}`)
  return [...groups.values()]
    .map(toCell)
    .sort(
      (a, b) =>
        a.set.localeCompare(b.set) ||
        a.split.localeCompare(b.split) ||
        a.estimator.localeCompare(b.estimator) ||
        a.size - b.size,
    )
}

function toCell(trials: readonly Trial[]): Cell {
  const { set, split, estimator, size } = trials[0]!
  const average = (value: (trial: Trial) => number) => mean(trials.map(value))
  const raw = difference(trials.map(({ unguarded, constant }) => unguarded - constant))
  const gain = difference(trials.map(({ guarded, constant }) => guarded - constant))
  return {
    set,
    split,
    estimator,
    size,
    draws: trials.length,
    served: trials.filter(({ shrink }) => shrink > 0).length,
    shrink: average(({ shrink }) => shrink),
    constant: average(({ constant }) => constant),
    unguarded: average(({ unguarded }) => unguarded),
    guarded: average(({ guarded }) => guarded),
    raw,
    gain,
    kept: raw.mean > raw.half ? gain.mean / raw.mean : null,
    worst: Math.min(...trials[0]!.perLambda.map((_, k) => average(({ perLambda }) => perLambda[k]!))),
    budgets: trials[0]!.budgets.map((_, b) => toBudget(trials, b)),
  }
}

function toBudget(trials: readonly Trial[], b: number): Budget {
  const met = trials.flatMap(({ budgets }) => {
    const { hull, unguarded, guarded } = budgets[b]!
    return hull === null || unguarded === null || guarded === null ? [] : [{ hull, unguarded, guarded }]
  })
  const spent = (name: 'hull' | 'unguarded' | 'guarded'): Spent => ({
    quality: mean(met.map((one) => one[name].quality)),
    cost: mean(met.map((one) => one[name].cost)),
  })
  return {
    share: BUDGETS[b]!,
    met: met.length,
    hull: spent('hull'),
    unguarded: spent('unguarded'),
    guarded: spent('guarded'),
  }
}

function difference(values: readonly number[]): Difference {
  const { mean: centre, error } = lowerBound(values, Z)
  return { mean: centre, half: Z * error }
}

export function renderMarkdown(cells: readonly Cell[]): string {
  const render = (rows: readonly string[][]) => rows.map((row) => `| ${row.join(' | ')} |`).join('\n')
  return `${render(gainRows(cells))}\n\n${render(budgetRows(cells))}`
}

export function renderText(cells: readonly Cell[]): string {
  return [gainRows(cells), budgetRows(cells)]
    .map((rows) => {
      const filled = rows.filter((row) => row[0] !== '---')
      const widths = filled[0]?.map((_, column) => Math.max(...filled.map((row) => row[column]!.length))) ?? []
      return filled.map((row) => row.map((text, column) => text.padEnd(widths[column]!)).join('  ')).join('\n')
    })
    .join('\n\n')
}

function gainRows(cells: readonly Cell[]): string[][] {
  const head = [
    'set',
    'judged by',
    'estimator',
    'n',
    'constant',
    'unguarded',
    'guarded',
    'guarded − constant',
    'gain kept',
    'served',
    'factor',
    'worst λ',
  ]
  const rows = cells.map((cell) => [
    cell.set,
    cell.split,
    cell.estimator,
    `${cell.size}`,
    cell.constant.toFixed(4),
    cell.unguarded.toFixed(4),
    cell.guarded.toFixed(4),
    `${signed(cell.gain.mean, 4)} ± ${cell.gain.half.toFixed(4)}`,
    cell.kept === null ? '' : `${(100 * cell.kept).toFixed(0)} %`,
    `${cell.served} of ${cell.draws}`,
    cell.shrink.toFixed(2),
    `${signed(100 * cell.worst, 1)} %`,
  ])
  return [head, head.map(() => '---'), ...rows]
}

function budgetRows(cells: readonly Cell[]): string[][] {
  const names = ['hull', 'unguarded', 'guarded'] as const
  const head = [
    'set',
    'judged by',
    'estimator',
    'n',
    ...BUDGETS.flatMap((share) => names.map((name) => `${name} at ${100 * share} %`)),
  ]
  const rows = cells
    .filter(({ budgets }) => budgets.length > 0)
    .map((cell) => [
      cell.set,
      cell.split,
      cell.estimator,
      `${cell.size}`,
      ...cell.budgets.flatMap((budget) =>
        names.map((name) => {
          if (budget.met === 0) return ''
          return `${budget[name].quality.toFixed(4)} · ${(100 * budget[name].cost).toFixed(1)} %`
        }),
      ),
    ])
  return rows.length === 0 ? [] : [head, head.map(() => '---'), ...rows]
}

function signed(value: number, digits: number): string {
  const text = value.toFixed(digits)
  return value < 0 ? text.replace('-', '−') : `+${text}`
}
