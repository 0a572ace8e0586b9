import { expect, it } from 'vitest'
import { costing } from './fixture.ts'
import { applyGuard, guardCosts, guardFactor, typicalInputTokens } from './guard.ts'

const guard = { shrink: 0.5, minSupport: 0.2, quality: [0.6, 0.7], outputTokens: [100, 200], evidence: {} }
const pool = [costing('new', 1), costing('b', 1), costing('a', 1)]
const fallback = { quality: [0.55, 0, 0], outputTokens: [300, 0, 0] }
const estimate = (support: number) => ({
  quality: Float64Array.of(0.9, 0.9, 0.2),
  qualityStd: Float64Array.of(0.3, 0.1, 0.1),
  outputTokens: Float64Array.of(500, 400, 100),
  support,
})
const guarded = (support: number) => applyGuard(estimate(support), guard, ['a', 'b'], pool, fallback)

it('serves exactly the constant below the least support, in the order of the live candidates', () => {
  expect([...guarded(0.19).quality]).toEqual([0.55, 0.7, 0.6])
  expect([...guarded(0.2).quality]).toEqual([0.55, 0.7, 0.6])
  expect([...guarded(0).outputTokens]).toEqual([300, 200, 100])
})

it('lets half of the differences through at full support, less between', () => {
  const full = guarded(1)
  expect(full.quality[1]).toBeCloseTo(0.8, 12)
  expect(full.quality[2]).toBeCloseTo(0.4, 12)
  expect(full.outputTokens[1]).toBeCloseTo(300, 9)
  expect(guarded(0.6).quality[1]).toBeCloseTo(0.75, 12)
  expect([...full.qualityStd]).toEqual([0.3, 0.1, 0.1])
})

it('never claims more than the fitted factor', () => {
  expect(guardFactor({ ...guard, minSupport: 0 }, 1)).toBe(0.5)
  expect(guardFactor({ ...guard, minSupport: 1 }, 1)).toBe(0.5)
  expect(guardFactor({ ...guard, minSupport: 1 }, 0.99)).toBe(0)
  expect(guardFactor({ ...guard, shrink: 0 }, 1)).toBe(0)
})

it('leaves the estimate that it was given alone', () => {
  const given = estimate(1)
  applyGuard(given, guard, ['a', 'b'], pool, fallback)
  expect(given).toEqual(estimate(1))
})

it('takes the mean length for typical, and counts in full what is longer than any training query', () => {
  const long = { ...guard, inputTokens: { mean: 100, max: 1000 } }
  expect(typicalInputTokens(500, long)).toBe(100)
  expect(typicalInputTokens(5000, long)).toBe(100 + 4000)
  expect(typicalInputTokens(500, guard)).toBe(500)
})

it('compares at typical costs where nothing is known, and lets the own ones in with the factor', () => {
  const [own, typical] = [Float64Array.of(3, Number.NaN), Float64Array.of(1, Number.NaN)]
  expect([...guardCosts(own, typical, 0)]).toEqual([1, Number.NaN])
  expect([...guardCosts(own, typical, 0.5)]).toEqual([2, Number.NaN])
  expect([...guardCosts(own, typical, 1)]).toEqual([3, Number.NaN])
})
