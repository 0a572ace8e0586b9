import fc from 'fast-check'
import { expect, it } from 'vitest'
import { aiq, aiqOfCode, cascadeAuc, costRangeOf, deferralArea } from './area.ts'

const point = (costUsd: number, quality: number) => ({ costUsd, quality })
const anyPoint = fc.record({
  costUsd: fc.integer({ min: 1, max: 20 }),
  quality: fc.integer({ min: 0, max: 10 }).map((q) => q / 10),
})

it('averages the hull over the common range', () => {
  const points = [point(1, 0.4), point(2, 0.8), point(4, 0.9), point(3, 0.5)]
  // Hull (1, 0.4) (2, 0.8) (4, 0.9), flat to 6: 0.6 + 1.7 + 1.8 over a range of 5.
  expect(aiq(points, { fromUsd: 1, toUsd: 6 })).toBeCloseTo((0.6 + 1.7 + 1.8) / 5)
  // A range that cuts both ends: from (1.5, 0.6) to (2, 0.8) to (3, 0.85).
  expect(aiq(points, { fromUsd: 1.5, toUsd: 3 })).toBeCloseTo((0.5 * 0.7 + 0.825) / 1.5)
  expect(costRangeOf(points)).toEqual({ fromUsd: 1, toUsd: 4 })
})

it('lets a router without a cheap point pay for it', () => {
  // From (0, 0) to (2, 0.8): at 1 USD half the queries are answered, 0.4. Area 0.6 + 0.8 · 2 over 3.
  expect(aiq([point(2, 0.8)], { fromUsd: 1, toUsd: 4 })).toBeCloseTo((0.6 + 1.6) / 3)
  // The released code starts at 2 and divides by 4.
  expect(aiqOfCode([point(2, 0.8)], 4)).toBeCloseTo(1.6 / 4)
})

it('is the quality of a constant that the whole range can pay, and NaN where nothing is compared', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0.1, max: 5, noNaN: true }), (q, c) => {
      const constant = [point(c, q)]
      expect(aiq(constant, { fromUsd: c, toUsd: c + 1 })).toBeCloseTo(q)
      expect(aiq(constant, { fromUsd: 5, toUsd: 9 })).toBeCloseTo(q)
      expect(deferralArea(constant, { fromUsd: c, toUsd: c + 1 })).toBeCloseTo(q)
    }),
  )
  expect(aiq([], { fromUsd: 1, toUsd: 2 })).toBeNaN()
  expect(aiq([point(1, 1)], { fromUsd: 1, toUsd: 1 })).toBeNaN()
  expect(cascadeAuc([], [point(1, 0.5), point(2, 0.6)])).toBeNaN()
})

it('is not changed by a dominated point and not lowered by any', () => {
  const range = { fromUsd: 1, toUsd: 20 }
  fc.assert(
    fc.property(fc.array(anyPoint, { minLength: 1 }), fc.nat(), anyPoint, fc.nat(5), (points, pick, other, dearer) => {
      const over = points[pick % points.length]!
      const dominated = point(over.costUsd + dearer, over.quality * 0.9)
      expect(aiq([...points, dominated], range)).toBeCloseTo(aiq(points, range), 12)
      expect(aiq([...points, other], range)).toBeGreaterThanOrEqual(aiq(points, range) - 1e-12)
    }),
  )
})

it('follows the released code of cascade routing', () => {
  const baselines = [point(1, 0.5), point(2, 0.3), point(5, 0.9)]
  // From the lowest baseline quality (1, 0.3) to (2, 0.6) to (4, 0.8), flat to 5: 0.45 + 1.4 + 0.8 over 4.
  expect(cascadeAuc([point(4, 0.8), point(2, 0.6)], baselines)).toBeCloseTo((0.45 + 1.4 + 0.8) / 4)
  // Points outside the range only bend the curve: (0, 0.4) to (2, 0.6) passes (1, 0.5), (4, 0.6) to (6, 0.8) passes (5, 0.7).
  expect(cascadeAuc([point(0, 0.4), point(2, 0.6), point(4, 0.6), point(6, 0.8)], baselines)).toBeCloseTo(
    (0.55 + 1.2 + 0.65) / 4,
  )
})

it('joins the points of a deferral curve as they are', () => {
  // Flat at 0.6 from 1 to 2, down to 0.4 at 3, flat to 5.
  expect(deferralArea([point(3, 0.4), point(2, 0.6)], { fromUsd: 1, toUsd: 5 })).toBeCloseTo((0.6 + 0.5 + 0.8) / 4)
})
