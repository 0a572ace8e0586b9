import { describe, expect, it } from 'vitest'
import type { OutcomeMatrix } from '../metrics/points.ts'
import { createRandom } from '../random.ts'
import { planRouting, planThresholds, remember, simulate, walk } from './simulate.ts'

/** Two queries, three candidates. */
const MATRIX: OutcomeMatrix = {
  models: 3,
  qualities: Float64Array.of(0, 1, 1, 1, 0, 1),
  costs: Float64Array.of(1, 10, 100, 2, 20, 200),
}

describe('a simulated plan', () => {
  it('pays for every call and earns one answer', () => {
    const scores = [0.2, 0.9]
    const plan = (query: number) =>
      planThresholds(
        () => scores[query]!,
        [
          { order: [0, 2], thresholds: [0.5] },
          { order: [0, 1, 2], thresholds: [0.95, 0.95] },
        ],
      )
    const [first, second] = simulate(MATRIX, 2, plan)
    expect(first!.asked).toEqual([[0, 2], [0]])
    expect([...first!.outcomes.costs]).toEqual([101, 2])
    expect([...first!.outcomes.qualities]).toEqual([1, 1])
    expect(second!.asked).toEqual([
      [0, 1, 2],
      [0, 1, 2],
    ])
    expect([...second!.outcomes.costs]).toEqual([111, 222])
  })

  it('believes anew after each answer and returns the one believed best', () => {
    const judge = (asked: readonly number[]) => ({
      quality: asked.includes(0) ? (asked.includes(1) ? [0.3, 0.2, 0.1] : [0.3, 0.8, 0.9]) : [0.7, 0.8, 0.9],
      qualityStd: [0.3, 0.3, 0.3],
      costUsd: Float64Array.of(1, 10, 100),
    })
    const [sequence] = simulate(MATRIX, 1, () => planRouting(judge, [0.01]))
    expect(sequence!.asked[0]).toEqual([0, 1])
    expect([...sequence!.outcomes.costs]).toEqual([11, 22])
    expect([...sequence!.outcomes.qualities]).toEqual([0, 1])
  })
})

it('a plan walked at many settings asks whom it would ask at each alone', () => {
  const random = createRandom(1)
  const lambdas = [0, 1, 5, 20, 60, 200, 1000, 10_000]
  const numbers = (scale: number) => Float64Array.from({ length: 5 }, () => scale * random())
  let longest = 0
  for (let query = 0; query < 40; query++) {
    const beliefs = remember(() => ({ quality: numbers(1), qualityStd: numbers(0.5), costUsd: numbers(0.01) }))
    const together = planRouting(beliefs, lambdas)
    for (const [k, lambda] of lambdas.entries()) {
      const asked = walk(together, k)
      expect(asked).toEqual(walk(planRouting(beliefs, [lambda]), 0))
      longest = Math.max(longest, asked.length)
    }
  }
  expect(longest).toBe(3)
})

it('what was asked for is worked out once, in whichever order', () => {
  let computed = 0
  const sum = remember((asked) => {
    computed++
    return asked.reduce((total, m) => total + m, 0)
  })
  expect([sum([1, 2]), sum([2, 1]), sum([12])]).toEqual([3, 3, 12])
  expect(computed).toBe(2)
})
