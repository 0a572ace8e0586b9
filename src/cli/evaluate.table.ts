/** An evaluation on the terminal. */
import Table from 'cli-table3'
import { LEFT_OUT, type LoggedRows } from '../train/logged.node.ts'
import type { Interval } from '../train/metrics/interval.ts'
import { ESTIMATORS, type EstimatorName } from '../train/ope/index.ts'
import type { Comparison, Standing } from '../train/ope/onLog.ts'
import { lackOf } from '../train/ope/overlap.ts'
import { showInterval } from './eval/table.ts'

const BORDERLESS = { head: [], border: [] }
/** A mean weight that is off by more than this many standard errors is no chance. */
const FAR = 4
const MANY = 1_000_000

/** What the log says of the policies, in the order in which they were named. */
export interface Evaluation {
  readonly log: string
  readonly route: string
  /** That were judged: of decisions that were drawn, answered and scored those whose utility is known. */
  readonly requests: number
  readonly leftOut: LoggedRows['leftOut'] & { readonly learned: number; readonly unpriced: number }
  readonly policies: readonly (Standing & { readonly name: string; readonly notes: readonly string[] })[]
  /** Each later policy against the first, that − this; together they hold with 95 % confidence. */
  readonly comparisons: readonly (Comparison & { readonly name: string; readonly over: string })[]
}

export function renderEvaluation(evaluation: Evaluation): string {
  const { log, route, requests, leftOut, policies, comparisons } = evaluation
  return [
    `${count(requests)} decisions of route ${route} in ${log} can be judged. ${describeLeftOut(leftOut)}`,
    'Utility is quality − λ · cost at the λ of each request; costs are USD per 1,000 requests; 95 % intervals in brackets. All of it is of requests that get a score.',
    overlapTable(policies),
    utilityTable(policies),
    ...policies.map(describeStanding),
    ...policies.flatMap((policy) => warningsOf(policy, requests)),
    ...comparisons.map(describeComparison),
  ].join('\n')
}

/** What was left out, and why; empty where nothing was. */
export function describeLeftOut(leftOut: Evaluation['leftOut']): string {
  const reasons = {
    ...LEFT_OUT,
    learned: 'one of the policies learned from it, or from later ones',
    unpriced: 'what the answer cost is not known',
  }
  const parts = Object.entries(reasons).flatMap(([reason, says]) => {
    const number = leftOut[reason as keyof typeof reasons]
    return number === 0 ? [] : [`${count(number)}: ${says}`]
  })
  return parts.length === 0 ? '' : `Left out: ${parts.join('; ')}.`
}

function overlapTable(policies: Evaluation['policies']): string {
  const table = new Table({
    head: ['policy', 'effective requests', 'largest weight', 'never possible', 'mean weight'],
    style: BORDERLESS,
  })
  for (const { name, overlap, meanWeight } of policies) {
    const { effective, largest, impossible } = overlap
    table.push([
      name,
      effective.toFixed(0),
      largest.toFixed(1),
      percent(impossible),
      `${meanWeight.value.toFixed(3)} ± ${meanWeight.error.toFixed(3)}`,
    ])
  }
  return table.toString()
}

function utilityTable(policies: Evaluation['policies']): string {
  const names = Object.keys(ESTIMATORS) as EstimatorName[]
  const table = new Table({ head: ['utility', ...names], style: BORDERLESS })
  for (const { name, figures } of policies)
    table.push([name, ...names.map((estimator) => (figures.utility ? showInterval(figures.utility[estimator]) : '—'))])
  return table.toString()
}

function describeStanding({ name, figures, overlap, shares }: Evaluation['policies'][number]): string {
  const asked = Object.entries(shares)
    .filter(([, share]) => share > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([id, share]) => `${id} ${percent(share)}`)
    .join(', ')
  const lack = lackOf(overlap)
  if (lack !== null) return `${name}: no number is given: ${lack}. It would ask ${asked}.`
  const quality = figures.quality ? ` quality ${showInterval(figures.quality.dr)}` : ''
  const cost = figures.costUsd ? `, cost $${showInterval(inThousands(figures.costUsd.dr))}` : ', cost not known'
  return `${name}:${quality}${cost} (dr); asks ${asked}.`
}

/** What makes the figures doubtful. */
function warningsOf({ name, notes, meanWeight, overlap }: Evaluation['policies'][number], requests: number): string[] {
  const { value, error } = meanWeight
  const isOff = error > 0 && requests > 1 && Math.abs(value - (1 - overlap.impossible)) > FAR * error
  return [
    ...notes.map((note) => `${name}: ${note}`),
    ...(isOff
      ? [
          `${name}: the weights should be ${(1 - overlap.impossible).toFixed(3)} on average and are ${value.toFixed(3)}: which answers got a score hangs on who gave them, and the figures may be off.`,
        ]
      : []),
  ]
}

function describeComparison(comparison: Evaluation['comparisons'][number]): string {
  const { name, over, difference, verdict, requests } = comparison
  if (verdict.kind === 'alike') return `${name} and ${over} decide alike on all of these requests.`
  if (difference === null)
    return `Too little overlap to compare ${name} with ${over}, and no number is given: ${verdict.reason}. ${describeLacking(verdict.needed)}`
  if (verdict.kind === 'apart') {
    const [better, worse, by] = verdict.better === 'a' ? [name, over, difference] : [over, name, negate(difference)]
    return `${better} is better than ${worse} by ${showInterval(by)} in utility per request.`
  }
  return `${name} and ${over} cannot be told apart on these ${count(requests)} requests: ${name} gains ${showInterval(difference)} in utility per request. ${describeNeeded(verdict.needed)}`
}

function describeLacking(needed: number | null): string {
  if (needed === null)
    return 'A planner that explores (preset bandit) makes the log tell, as far as the route’s exploration.maxLoss lets it; so does a canary.'
  return `About ${count(Number(needed.toPrecision(2)))} more scored requests logged alike are the least to judge by; a planner that explores more needs fewer.`
}

function describeNeeded(needed: number | null): string {
  if (needed === null)
    return 'What was never possible could be all of the difference: no number of such requests would tell.'
  if (needed > MANY) return 'If that is the difference, more than a million scored requests would be needed.'
  return `If that is the difference, about ${count(Number(needed.toPrecision(2)))} more scored requests would be needed.`
}

function negate({ value, low, high }: Interval): Interval {
  return { value: -value, low: -high, high: -low }
}

function inThousands({ value, low, high }: Interval): Interval {
  return { value: 1000 * value, low: 1000 * low, high: 1000 * high }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}

function count(number: number): string {
  return number.toLocaleString('en-GB')
}
