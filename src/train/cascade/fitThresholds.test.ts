import { describe, expect, it } from 'vitest'
import type { ThresholdCascade } from '../../../routers/cascade/thresholdCascade.ts'
import type { OutcomeMatrix } from '../metrics/points.ts'
import { utilities } from '../metrics/regret.ts'
import { mean } from '../metrics/statistics.ts'
import { createRandom } from '../random.ts'
import { fitThresholds } from './fitThresholds.ts'
import { planThresholds, simulate } from './simulate.ts'

const ROWS = 40

/** Three candidates of rising cost, listed in another order; scores that know something of the truth. */
function planted(seed: number) {
  const random = createRandom(seed)
  const matrix: OutcomeMatrix = {
    models: 3,
    qualities: Float64Array.from({ length: 3 * ROWS }, (_, at) => (random() < [0.8, 0.5, 0.65][at % 3]! ? 1 : 0)),
    costs: Float64Array.from({ length: 3 * ROWS }, (_, at) => [0.01, 0.001, 0.003][at % 3]! * (0.5 + random())),
  }
  const noise = Float64Array.from({ length: 3 * ROWS }, random)
  const scores = (asked: readonly number[]) => {
    const m = asked.at(-1)!
    return Float64Array.from({ length: ROWS }, (_, i) =>
      Math.round(10 * (0.4 * matrix.qualities[3 * i + m]! + 0.6 * noise[3 * i + m]!)),
    )
  }
  return { matrix, scores }
}

function worthOf({ matrix, scores }: ReturnType<typeof planted>, lambda: number, cascade: ThresholdCascade): number {
  const plan = (query: number) => planThresholds((asked) => scores(asked)[query]!, [cascade])
  return mean(utilities(simulate(matrix, 1, plan)[0]!.outcomes, lambda))
}

const CUTS = Array.from({ length: 12 }, (_, k) => k - 0.5)
const EVERY: readonly ThresholdCascade[] = [
  ...[0, 1, 2].map((m) => ({ order: [m], thresholds: [] })),
  ...[
    [1, 2],
    [1, 0],
    [2, 0],
  ].flatMap((order) => CUTS.map((cut) => ({ order, thresholds: [cut] }))),
  ...CUTS.flatMap((one) => CUTS.map((two) => ({ order: [1, 2, 0], thresholds: [one, two] }))),
]

describe('a fitted threshold cascade', () => {
  it('is about as good as the best of all on the rows it was fitted on', () => {
    const lengths = new Set<number>()
    const missed: number[] = []
    for (let seed = 1; seed <= 20; seed++) {
      const data = planted(seed)
      for (const lambda of [0, 10, 60, 1000]) {
        const cascade = fitThresholds(data.matrix, [lambda], data.scores)[0]!
        const best = Math.max(...EVERY.map((one) => worthOf(data, lambda, one)))
        missed.push(best - worthOf(data, lambda, cascade))
        lengths.add(cascade.order.length)
      }
    }
    // The two thresholds are set by turns: the pair may miss the best one by little.
    expect(Math.max(...missed)).toBeLessThan(0.04)
    expect(mean(missed)).toBeLessThan(0.004)
    expect([...lengths].sort()).toEqual([1, 2, 3])
  })

  it('asks the cheapest alone where money is everything, in the order of cost else', () => {
    const { matrix, scores } = planted(3)
    const [dear, cheap] = fitThresholds(matrix, [1e9, 20], scores)
    expect(dear).toEqual({ order: [1], thresholds: [] })
    expect(cheap!.order.map((m) => [1, 2, 0].indexOf(m))).toEqual(cheap!.order.map((m) => [1, 2, 0].indexOf(m)).sort())
  })
})
