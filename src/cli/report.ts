/** The evaluation as a table for people. */
import Table from 'cli-table3'
import type { Evaluation } from '../train/evaluate.ts'
import type { Interval } from '../train/metrics/interval.ts'

const BORDERLESS = { head: [], border: [] }

/** Quality and cost of every router at fixed shares of the best single model's cost, with 95 % intervals. */
export function renderEvaluation(evaluation: Evaluation): string {
  const { candidates, singles, bestSingle, oracle, hull, scores, queries, set } = evaluation
  const best = singles[bestSingle]!
  const table = new Table({
    head: [
      'router',
      ...hull.map(({ share }) => `quality at ${share * 100} % of the cost`),
      'cost at the best single’s quality',
      'peak gain',
    ],
    style: BORDERLESS,
  })
  table.push([
    'hull of single models',
    ...hull.map(({ quality }) => (Number.isFinite(quality) ? quality.toFixed(4) : '–')),
    '1',
    '0',
  ])
  for (const { name, budgets, costShare, peakGain } of scores) {
    table.push([name, ...budgets.map(({ quality }) => interval(quality)), interval(costShare, 3), interval(peakGain)])
  }
  return [
    `${set}: ${queries} test queries. Best single model (chosen on train): ${candidates[bestSingle]}, quality ${best.quality.toFixed(4)} at $${best.costUsd.toPrecision(4)} a query; oracle ${oracle.quality.toFixed(4)} at $${oracle.costUsd.toPrecision(4)}.`,
    table.toString(),
  ].join('\n')
}

/** What a planner that ignores λ does with the test queries. */
export function renderPlan(planner: string, { candidates, scores }: Evaluation): string {
  const { quality, costUsd, shares } = scores[0]!.points[0]!
  const asked = shares
    .map((share, column) => ({ share, id: candidates[column]! }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share)
    .map(({ share, id }) => `${id} ${(100 * share).toFixed(1)} %`)
  return `Planner ${planner}, whatever λ: quality ${quality.toFixed(4)} at $${(1000 * costUsd).toPrecision(4)} per 1,000 test queries; ${asked.join(', ')}.`
}

function interval({ value, low, high }: Interval, digits = 4): string {
  if (!Number.isFinite(value)) return 'not reached'
  return `${value.toFixed(digits)} [${low.toFixed(digits)}, ${Number.isFinite(high) ? high.toFixed(digits) : '∞'}]`
}
