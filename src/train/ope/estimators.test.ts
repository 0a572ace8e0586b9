import { describe, expect, it } from 'vitest'
import { mean } from '../metrics/statistics.ts'
import { createRandom } from '../random.ts'
import { directMethod } from './directMethod.ts'
import { doublyRobust } from './doublyRobust.ts'
import { inversePropensity, selfNormalised } from './inversePropensity.ts'
import type { Sample } from './sample.ts'
import { chooseThreshold, switchDoublyRobust, switched } from './switchDoublyRobust.ts'

/** Three requests, two arms. Weights: 0.5 / 0.25 = 2, 0.5 / 0.75 = 2/3, 0 / 0.5 = 0. */
const TINY: readonly Sample[] = [
  { arm: 1, logged: [0.75, 0.25], target: [0.5, 0.5], reward: 1, expected: [0.25, 0.75] },
  { arm: 0, logged: [0.75, 0.25], target: [0.5, 0.5], reward: 0.5, expected: [0.5, 1] },
  { arm: 0, logged: [0.5, 0.5], target: [0, 1], reward: 1, expected: [1, 0.25] },
]

describe('by hand', () => {
  it('direct method: what the model expects of the target', () => {
    expect([...directMethod(TINY)]).toEqual([0.5, 0.75, 0.25])
  })

  it('IPS: 2 · 1, 2/3 · 0.5, 0 · 1', () => {
    expect([...inversePropensity(TINY)]).toEqual([2, 1 / 3, 0])
  })

  it('SNIPS: (2 + 1/3) / (2 + 2/3) = 0.875, with terms of the delta method', () => {
    const terms = selfNormalised(TINY)
    expect(mean(terms)).toBeCloseTo(0.875, 12)
    // mean weight 8/9; 0.875 + 2 · 0.125 / (8/9), 0.875 + 2/3 · −0.375 / (8/9), 0.875
    expect([...terms].map((term) => Number(term.toFixed(9)))).toEqual([1.15625, 0.59375, 0.875])
    // sd² = mean(w² (r − V)²) / mean(w)²
    const spread = mean(terms.map((term) => (term - 0.875) ** 2))
    expect(spread).toBeCloseTo((4 * 0.125 ** 2 + (4 / 9) * 0.375 ** 2) / 3 / (8 / 9) ** 2, 12)
  })

  it('doubly robust: the expectation and w times what the model missed', () => {
    expect([...doublyRobust(TINY)].map((term) => Number(term.toFixed(9)))).toEqual([1, 0.75, 0.25])
  })

  it('switch: corrected only where the weight is no more than τ', () => {
    expect([...switched(TINY, 1)]).toEqual([0.5, 0.75, 0.25])
    expect([...switched(TINY, 2)]).toEqual([...doublyRobust(TINY)])
    expect([...switched(TINY, 0)]).toEqual([...directMethod(TINY)])
    expect([...switched(TINY, Number.POSITIVE_INFINITY)]).toEqual([...doublyRobust(TINY)])
  })

  it('all say what was logged of what was logged, where the model knows it', () => {
    const own = TINY.map((one) => ({ ...one, target: one.logged, expected: one.logged.map(() => one.reward) }))
    for (const estimate of [directMethod, inversePropensity, selfNormalised, doublyRobust, switchDoublyRobust])
      expect(mean(estimate(own))).toBeCloseTo(2.5 / 3, 12)
  })
})

/** Requests of two kinds and three arms with rewards of 0 and 1; `modelled` is what the model says of each kind and arm. */
const TRUTH = [
  [0.2, 0.5, 0.9],
  [0.8, 0.4, 0.1],
]
const LOGGED = [
  [0.6, 0.3, 0.1],
  [0.2, 0.2, 0.6],
]
const TARGET = [
  [0, 0.2, 0.8],
  [1, 0, 0],
]
const VALUE = (0.2 * 0.5 + 0.8 * 0.9 + 0.8) / 2

function draw(
  count: number,
  { seed, modelled = TRUTH, logged = LOGGED }: { seed: number; modelled?: number[][]; logged?: number[][] },
): Sample[] {
  const random = createRandom(seed)
  return Array.from({ length: count }, () => {
    const kind = random() < 0.5 ? 0 : 1
    const point = random()
    const arm = point < LOGGED[kind]![0]! ? 0 : point < LOGGED[kind]![0]! + LOGGED[kind]![1]! ? 1 : 2
    const reward = random() < TRUTH[kind]![arm]! ? 1 : 0
    return { arm, logged: logged[kind]!, target: TARGET[kind]!, reward, expected: modelled[kind]! }
  })
}

describe('over many logs', () => {
  const WRONG = [
    [0.7, 0.1, 0.3],
    [0.2, 0.6, 0.9],
  ]
  const FLAT = LOGGED.map((row) => row.map(() => 1 / 3))
  const COUNT = 20_000
  /** Four standard errors of the mean. */
  const close = (terms: Float64Array) => {
    const centre = mean(terms)
    const error = Math.sqrt(mean(terms.map((term) => (term - centre) ** 2)) / terms.length)
    return Math.abs(centre - VALUE) < 4 * error
  }

  it('doubly robust is unbiased when the chances are right, whatever the model, and when the model is, whatever the chances', () => {
    expect(close(doublyRobust(draw(COUNT, { seed: 1, modelled: WRONG })))).toBe(true)
    expect(close(doublyRobust(draw(COUNT, { seed: 2, logged: FLAT })))).toBe(true)
    // It takes one of the two.
    expect(close(doublyRobust(draw(COUNT, { seed: 3, modelled: WRONG, logged: FLAT })))).toBe(false)
    expect(close(directMethod(draw(COUNT, { seed: 4, modelled: WRONG })))).toBe(false)
    expect(close(inversePropensity(draw(COUNT, { seed: 5, logged: FLAT })))).toBe(false)
    expect(close(inversePropensity(draw(COUNT, { seed: 6 })))).toBe(true)
    expect(close(selfNormalised(draw(COUNT, { seed: 7 })))).toBe(true)
  })

  it('a good model makes it scatter less than IPS does', () => {
    const samples = draw(COUNT, { seed: 8 })
    const variance = (terms: Float64Array) => mean(terms.map((term) => term * term)) - mean(terms) ** 2
    expect(variance(doublyRobust(samples))).toBeLessThan(0.7 * variance(inversePropensity(samples)))
  })

  it('switch leaves a rare draw to the model until there are many of them', () => {
    // One request in a hundred goes to the arm that the target always takes, and misses the model by 0.1, either way.
    const rare = (missed: readonly number[], common: number): Sample[] => {
      const one = { logged: [0.99, 0.01], target: [0, 1], expected: [0.5, 0.5] }
      const seen = missed.map((error) => ({ ...one, arm: 1, reward: 0.5 + error }))
      return [...seen, ...Array.from({ length: common }, () => ({ ...one, arm: 0, reward: 0.5 }))]
    }
    // Variance 10² / 20 / 20 against a bias of at most 0.1.
    expect(chooseThreshold(rare([0.1], 19))).toBeLessThan(100)
    const many = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? 0.1 : -0.1))
    // Variance 10² / 100 / 20,000.
    expect(chooseThreshold(rare(many, 19_800))).toBeGreaterThan(100)
  })
})
