import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createSearch, EXACT_ROWS, fitCells, loadCells, saveCells } from './cells.ts'
import { seeded } from './fixtures.ts'

/** `points` sorted into cells, and searched. */
function indexed(points: Float32Array, width: number, options: { to?: number } = {}) {
  const { order, ...cells } = fitCells(points, width, seeded(1))
  const sorted = new Float32Array(points.length)
  for (const [place, i] of order.entries()) sorted.set(points.subarray(i * width, (i + 1) * width), place * width)
  return { order, cells, sorted, search: createSearch(sorted, width, cells, options) }
}

function squaredDistance(points: Float32Array, width: number, row: number, query: Float64Array, to = width): number {
  let sum = 0
  for (let j = 0; j < to; j++) sum += (points[row * width + j]! - query[j]!) ** 2
  return sum
}

/** Points around `centres` points on a line and beside it. */
function clustered(n: number, width: number, centres: number, seed: number): Float32Array {
  const random = seeded(seed)
  const points = new Float32Array(n * width)
  for (let i = 0; i < n; i++) {
    const centre = Math.floor(random() * centres)
    for (let j = 0; j < width; j++) points[i * width + j] = random() + (j === centre % width ? 1 + centre : 0)
  }
  return points
}

it('finds exactly what a scan of all rows finds, equal rows and far queries included', () => {
  const coordinate = fc.integer({ min: -3, max: 3 })
  fc.assert(
    fc.property(
      fc.array(fc.tuple(coordinate, coordinate, coordinate), { maxLength: 60 }),
      fc.tuple(coordinate, coordinate, fc.integer({ min: -50, max: 50 })),
      fc.integer({ min: 0, max: 20 }),
      fc.constantFrom(1, 3),
      (rows, target, k, to) => {
        const points = Float32Array.from(rows.flat())
        const query = Float64Array.from(target)
        const { values, indexes } = indexed(points, 3, { to }).search(query, k)
        const all = rows.map((_, row) => squaredDistance(points, 3, row, query, to)).sort((a, b) => a - b)
        expect([...values]).toEqual(all.slice(0, k))
        expect(new Set(indexes).size).toBe(indexes.length)
      },
    ),
  )
})

it('finds exactly what a scan finds among many rows in clusters, though most cells are out of reach', () => {
  const [n, width, k] = [5000, 6, 20]
  const points = clustered(n, width, 12, 2)
  const { search, order } = indexed(points, width)
  const queries = clustered(50, width, 12, 3)
  for (let q = 0; q < 50; q++) {
    const query = Float64Array.from(queries.subarray(q * width, (q + 1) * width))
    const distances = Float64Array.from({ length: n }, (_, row) => squaredDistance(points, width, row, query))
    const nearest = [...distances.keys()].sort((a, b) => distances[a]! - distances[b]!).slice(0, k)
    expect(Array.from(search(query, k).indexes, (place) => order[place])).toEqual(nearest)
  }
})

it('finds at least 95 % of the neighbours among more rows than it looks at', () => {
  const [n, width, k] = [EXACT_ROWS + 5000, 8, 100]
  const points = clustered(n, width, 40, 4)
  const { search, sorted } = indexed(points, width)
  const queries = clustered(40, width, 40, 5)
  let found = 0
  for (let q = 0; q < 40; q++) {
    const query = Float64Array.from(queries.subarray(q * width, (q + 1) * width))
    const distances = Float64Array.from({ length: n }, (_, row) => squaredDistance(sorted, width, row, query))
    const bound = distances.slice().sort()[k - 1]!
    found += search(query, k).indexes.filter((place) => distances[place]! <= bound).length / k
  }
  expect(found / 40).toBeGreaterThan(0.95)
})

it('places every row once, in its nearest cell and there by its distance to the centroid', () => {
  const [n, width] = [400, 4]
  const points = clustered(n, width, 6, 6)
  const { order, cells } = indexed(points, width)
  expect([...order].sort((a, b) => a - b)).toEqual([...Array(n).keys()])
  const count = cells.starts.length - 1
  for (let c = 0; c < count; c++) {
    let last = 0
    for (const row of order.subarray(cells.starts[c], cells.starts[c + 1])) {
      const point = Float64Array.from(points.subarray(row * width, (row + 1) * width))
      const gaps = Array.from({ length: count }, (_, other) => squaredDistance(cells.centroids, width, other, point))
      expect(gaps[c]).toBeCloseTo(Math.min(...gaps), 9)
      expect(gaps[c]).toBeGreaterThanOrEqual(last - 1e-9)
      last = gaps[c]!
    }
  }
})

it('is written and read, and refuses cells of other rows', () => {
  const { cells } = indexed(clustered(100, 3, 4, 7), 3)
  const state = saveCells(cells, 3)
  expect(loadCells(state, 100, 3)).toEqual(cells)
  expect(() => loadCells(state, 99, 3)).toThrow(/99 rows/)
  const turned = { ...cells, starts: cells.starts.map((start, c) => (c === 1 ? 101 : start)) }
  expect(() => loadCells(saveCells(turned, 3), 100, 3)).toThrow(/train the policy again/)
})
