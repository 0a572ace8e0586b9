import fc from 'fast-check'
import { expect, it } from 'vitest'
import { costAt, hullOf, qualityAt, slopesOf } from './hull.ts'

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
  expect(qualityAt(hull, 0.9)).toBe(Number.NEGATIVE_INFINITY)
  expect(qualityAt([], 1)).toBe(Number.NEGATIVE_INFINITY)
})

it('tells what a quality costs: nothing below the first vertex is cheaper, nothing above the last is reached', () => {
  const hull = [point(1, 0.5), point(2, 0.8), point(4, 0.9)]
  expect(costAt(hull, 0.1)).toBe(1)
  expect(costAt(hull, 0.5)).toBe(1)
  // Half way from 0.5 to 0.8 is half way from 1 to 2.
  expect(costAt(hull, 0.65)).toBeCloseTo(1.5)
  expect(costAt(hull, 0.9)).toBeCloseTo(4)
  expect(costAt(hull, 0.91)).toBe(Number.POSITIVE_INFINITY)
})

it('undoes itself between the first and the last vertex', () => {
  const hull = hullOf([point(1, 0.2), point(2, 0.6), point(5, 0.7), point(9, 0.95)])
  fc.assert(
    fc.property(fc.double({ min: 0.2, max: 0.95, noNaN: true }), (quality) => {
      expect(qualityAt(hull, costAt(hull, quality))).toBeCloseTo(quality, 9)
    }),
  )
})

it('is not moved by a point that another one dominates', () => {
  const record = fc.record({ costUsd: fc.integer({ min: 0, max: 20 }), quality: fc.integer({ min: 0, max: 20 }) })
  fc.assert(
    fc.property(fc.array(record, { minLength: 1 }), fc.nat(), fc.nat(9), fc.nat(9), (all, pick, dearer, worse) => {
      const over = all[pick % all.length]!
      const dominated = { costUsd: over.costUsd + dearer, quality: over.quality - worse }
      expect(hullOf([...all, dominated]).map(({ costUsd, quality }) => [costUsd, quality])).toEqual(
        hullOf(all).map(({ costUsd, quality }) => [costUsd, quality]),
      )
    }),
  )
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
