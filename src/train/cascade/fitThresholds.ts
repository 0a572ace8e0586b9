/**
 * Order and thresholds of a threshold cascade for each λ: of all lists of at most three candidates by rising mean cost, with all thresholds, one of
 * highest mean quality − λ · cost on the given queries. FrugalGPT (arXiv 2305.05176) maximises quality within a budget, of which λ
 * is the multiplier.
 */
import type { ThresholdCascade } from '../../../routers/cascade/thresholdCascade.ts'
import { byDescending } from '../metrics/order.ts'
import type { OutcomeMatrix } from '../metrics/points.ts'

/** Of the last answer, for every query: `scores([a])`, and `scores([a, b])` for a cheaper than b. */
export type Scores = (asked: readonly number[]) => Float64Array

/** Each sets one threshold to its best given the other; from here on neither moves much. */
const ROUNDS = 3
/** Sums in another order differ by less, relative to their size. */
const ROUNDING = 1e-9

/** Scores with the queries by falling score. */
interface Ranked {
  readonly scores: Float64Array
  readonly order: Uint32Array
}

interface Cut {
  /** Accept from here on. */
  readonly threshold: number
  /** Over always going on. */
  readonly gain: number
}

/** One cascade per λ. */
export function fitThresholds(
  { models, qualities, costs }: OutcomeMatrix,
  lambdas: readonly number[],
  scores: Scores,
): ThresholdCascade[] {
  const count = qualities.length / models
  const column = (matrix: Float64Array, m: number) =>
    Float64Array.from({ length: count }, (_, i) => matrix[i * models + m]!)
  const quality = Array.from({ length: models }, (_, m) => column(qualities, m))
  const cost = Array.from({ length: models }, (_, m) => column(costs, m))
  const meanCosts = cost.map(sum)
  const byCost = Array.from({ length: models }, (_, m) => m).sort((a, b) => meanCosts[a]! - meanCosts[b]! || a - b)
  const rank = (asked: readonly number[]): Ranked => {
    const values = scores(asked)
    return { scores: values, order: byDescending(values) }
  }
  const firsts = new Map(byCost.map((a) => [a, rank([a])]))
  const seconds = new Map(
    byCost.flatMap((a, i) => byCost.slice(i + 1, -1).map((b) => [`${a},${b}`, rank([a, b])] as const)),
  )

  return lambdas.map((lambda) => {
    const worth = quality.map((own, m) => own.map((value, i) => value - lambda * cost[m]![i]!))
    const cheapest = byCost[0]!
    let best: { total: number; cascade: ThresholdCascade } = {
      total: sum(worth[cheapest]!),
      cascade: { order: [cheapest], thresholds: [] },
    }
    // Lists are offered before those that they begin: what a longer one gains must be more than rounding.
    const offer = (total: number, order: readonly number[], thresholds: readonly number[]) => {
      if (total - best.total > ROUNDING * Math.abs(best.total)) best = { total, cascade: { order, thresholds } }
    }
    for (const [i, a] of byCost.entries()) {
      const first = firsts.get(a)!
      offer(sum(worth[a]!), [a], [])
      for (const [j, b] of byCost.entries()) {
        if (j <= i) continue
        const ofB = after(a, worth[b]!)
        const one = cut(first, worth[a]!, ofB)
        offer(one.gain + sum(ofB), [a, b], [one.threshold])
        for (const c of byCost.slice(j + 1)) {
          const ofC = after(a, after(b, worth[c]!))
          offer(...fitThree(first, seconds.get(`${a},${b}`)!, [worth[a]!, ofB, ofC], [a, b, c]))
        }
      }
    }
    return best.cascade

    /** What remains of a worth once `m` was paid for in vain. */
    function after(m: number, then: Float64Array): Float64Array {
      return then.map((value, i) => value - lambda * cost[m]![i]!)
    }
  })
}

/** The two thresholds by turns, from always going on to the second. `ends[k]`: what accepting the k-th answer is worth, all costs paid. */
function fitThree(
  first: Ranked,
  second: Ranked,
  [ofA, ofB, ofC]: readonly [Float64Array, Float64Array, Float64Array],
  order: readonly number[],
): [number, readonly number[], readonly number[]] {
  let sooner: Cut = { threshold: Number.POSITIVE_INFINITY, gain: 0 }
  let later = cut(second, ofB, ofC)
  let total = Number.NEGATIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) {
    if (round > 0) later = cut(second, ofB, ofC, (i) => first.scores[i]! < sooner.threshold)
    const { threshold } = later
    const on = ofB.map((value, i) => (second.scores[i]! >= threshold ? value : ofC[i]!))
    sooner = cut(first, ofA, on)
    total = sooner.gain + sum(on)
  }
  return [total, order, [sooner.threshold, later.threshold]]
}

/** The threshold from which on to stop is best, rather than to go on, on the queries that come so far. */
function cut({ scores, order }: Ranked, stop: Float64Array, on: Float64Array, comes?: (query: number) => boolean): Cut {
  let best: Cut = { threshold: Number.POSITIVE_INFINITY, gain: 0 }
  let gain = 0
  for (let at = 0; at < order.length; at++) {
    const i = order[at]!
    if (comes === undefined || comes(i)) gain += stop[i]! - on[i]!
    if (gain <= best.gain) continue
    const next = order[at + 1]
    if (next !== undefined && scores[next] === scores[i]) continue
    best = { threshold: next === undefined ? Number.NEGATIVE_INFINITY : (scores[i]! + scores[next]!) / 2, gain }
  }
  return best
}

function sum(values: Float64Array): number {
  let total = 0
  for (let i = 0; i < values.length; i++) total += values[i]!
  return total
}
