import { expect, it } from 'vitest'
import { seeded } from './fixtures.ts'
import { distancesTo, kmeans, nearest } from './kmeans.ts'

const options = { restarts: 3, random: seeded(1) }

it('finds groups that are far apart, and their means', () => {
  const random = seeded(2)
  const middles = [
    [0, 0],
    [10, 0],
    [0, 10],
    [10, 10],
    [5, 20],
  ]
  const rows = Float32Array.from({ length: 400 }, (_, at) => middles[(at >> 1) % 5]![at % 2]! + random() - 0.5)
  const { centroids, inertia } = kmeans({ rows, n: 200, width: 2 }, { ...options, clusters: 5 })
  for (const [k, middle] of middles.entries()) {
    const own = [0, 1].map((j) => {
      const values = rows.filter((_, at) => (at >> 1) % 5 === k && at % 2 === j)
      return values.reduce((sum, value) => sum + value, 0) / values.length
    })
    const measured = distancesTo(centroids, 2)(Float64Array.from(middle))
    const c = nearest(measured)
    expect(centroids[2 * c]).toBeCloseTo(own[0]!, 4)
    expect(centroids[2 * c + 1]).toBeCloseTo(own[1]!, 4)
  }
  // Two uniform columns of width 1.
  expect(inertia).toBeGreaterThan(2 / 12 - 0.03)
  expect(inertia).toBeLessThan(2 / 12 + 0.03)
})

it('makes no more clusters than there are distinct rows', () => {
  const rows = Float32Array.of(1, 1, 1, 2, 2, 5)
  const { centroids, inertia } = kmeans({ rows, n: 6, width: 1 }, { ...options, clusters: 8 })
  expect([...centroids].toSorted()).toEqual([1, 2, 5])
  expect(inertia).toBeCloseTo(0, 10)
  expect(kmeans({ rows: new Float32Array(), n: 0, width: 1 }, { ...options, clusters: 8 }).centroids).toHaveLength(0)
})
