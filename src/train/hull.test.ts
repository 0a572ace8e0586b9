import fc from 'fast-check'
import { expect, it } from 'vitest'
import { hullOf, qualityAt, slopesOf } from './hull.ts'

const point = (costUsd: number, quality: number) => ({ costUsd, quality })

it('keeps the vertices of the non-decreasing convex hull', () => {
  const points = [
    point(4, 0.9),
    point(1, 0.5),
    point(2, 0.6),
    point(2, 0.8),
    point(3, 0.85),
    point(5, 0.9),
    point(1, 0.4),
  ]
  // (3, 0.85) lies on the line from (2, 0.8) to (4, 0.9); the rest is dominated.
  expect(hullOf(points)).toEqual([point(1, 0.5), point(2, 0.8), point(4, 0.9)])
  const slopes = slopesOf(hullOf(points))
  expect(slopes[0]).toBeCloseTo(0.3)
  expect(slopes[1]).toBeCloseTo(0.05)
})

it('interpolates between vertices, is flat beyond the last and buys nothing below the first', () => {
  const hull = [point(1, 0.5), point(2, 0.8), point(4, 0.9)]
  expect(qualityAt(hull, 1)).toBe(0.5)
  expect(qualityAt(hull, 1.5)).toBeCloseTo(0.65)
  expect(qualityAt(hull, 3)).toBeCloseTo(0.85)
  expect(qualityAt(hull, 9)).toBe(0.9)
  expect(qualityAt(hull, 0.9)).toBeNull()
  expect(qualityAt([], 1)).toBeNull()
})

it('lies on or above every point', () => {
  const points = fc.array(
    fc.record({ costUsd: fc.integer({ min: 0, max: 20 }), quality: fc.integer({ min: 0, max: 20 }) }),
    {
      minLength: 1,
    },
  )
  fc.assert(
    fc.property(points, (all) => {
      const hull = hullOf(all)
      for (const one of all) expect(qualityAt(hull, one.costUsd)! - one.quality).toBeGreaterThan(-1e-9)
      expect(slopesOf(hull)).toEqual([...slopesOf(hull)].sort((a, b) => b - a))
    }),
  )
})
