import fc from 'fast-check'
import { expect, it } from 'vitest'
import { paretoDist, paretoFront } from './pareto.ts'

const point = (costUsd: number, quality: number) => ({ costUsd, quality })

it('keeps what nothing dominates, below the hull too', () => {
  const points = [point(1, 0.2), point(2, 0.3), point(5, 1), point(3, 0.3), point(2, 0.1), point(5, 1)]
  expect(paretoFront(points)).toEqual([point(1, 0.2), point(2, 0.3), point(5, 1)])
})

it('averages the distance to the nearest point of the frontier, both axes scaled', () => {
  const ours = [point(1, 0.5), point(5, 0.6)]
  const theirs = [point(3, 0.9), point(5, 0.9)]
  // Frontier (1, 0.5) (3, 0.9); ranges 4 and 0.4. (5, 0.6) is 0.5 and 0.75 off (3, 0.9), 1 and 0.25 off (1, 0.5).
  expect(paretoDist(ours, [...ours, ...theirs])).toBeCloseTo(Math.hypot(0.5, 0.75) / 2)
  expect(paretoDist(theirs, [...ours, ...theirs])).toBeCloseTo(0.5 / 2)
  expect(paretoDist([], theirs)).toBeNaN()
  // All cost the same: only quality counts.
  expect(paretoDist([point(1, 0)], [point(1, 0), point(1, 1)])).toBe(1)
})

it('does not depend on units, and is 0 for all that lies on the frontier', () => {
  const record = fc.record({ costUsd: fc.integer({ min: 0, max: 20 }), quality: fc.integer({ min: 0, max: 20 }) })
  const some = fc.array(record, { minLength: 1 })
  fc.assert(
    fc.property(some, some, (ours, theirs) => {
      const all = [...ours, ...theirs]
      const scaled = (points: typeof ours) => points.map((one) => point(one.costUsd / 1000, one.quality / 100))
      expect(paretoDist(scaled(ours), scaled(all))).toBeCloseTo(paretoDist(ours, all))
      expect(paretoDist(paretoFront(all), all)).toBe(0)
    }),
  )
})
