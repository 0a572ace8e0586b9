import { describe, expect, it } from 'vitest'
import {
  type ContrastInput,
  contrastLoss,
  contrastsOf,
  cosinesOf,
  createSphere,
  drawPairs,
  fitContrast,
} from './contrast.ts'
import { seeded } from './fixtures.ts'

const options = { positives: 3, negatives: 3, temperature: 0.5, pairWeight: 0.7, penalty: 0.1 }

/** Rows drawn from `seed`, with outcomes of all kinds. */
function inputOf(seed: number): ContrastInput {
  const random = seeded(seed)
  const [n, width, m] = [6, 3, 5]
  const outcomes = [0, 0.2, 0.4, 0.7, 1, 1, Number.NaN]
  return {
    x: Float64Array.from({ length: n * width }, () => 2 * random() - 1),
    n,
    width,
    quality: Float64Array.from({ length: n * m }, () => outcomes[Math.floor(random() * outcomes.length)]!),
    m,
    pairs: drawPairs([0, 0, 1, 1, 2, 2], 2, random),
  }
}

describe('who is told from whom', () => {
  const shares = (row: readonly number[], positives = 3, negatives = 3) => {
    const of = { quality: Float64Array.from(row), n: 1, m: row.length }
    const { positive, negative } = contrastsOf(of, { positives, negatives })
    return { positive: [...positive], negative: [...negative] }
  }

  it('is the three best from the three worst of seven', () => {
    expect(shares([0.9, 0.1, 0.8, 0.2, 0.7, 0.3, 0.6])).toEqual({
      positive: [1, 0, 1, 0, 1, 0, 0],
      negative: [0, 1, 0, 1, 0, 1, 0],
    })
  })

  it('leaves out a positive that scored 0 and a negative that scored 0.5 or more', () => {
    expect(shares([0, 0.9, 0, 0, 0, 0, 0]).positive).toEqual([0, 1, 0, 0, 0, 0, 0])
    expect(shares([0.5, 0.9, 0.8, 0.7, 0.6, 0.49, 0.95]).negative).toEqual([0, 0, 0, 0, 0, 1, 0])
  })

  it('lets equals share the last places, and those whose outcome is not known have none', () => {
    expect(shares([1, 1, 1, 1, 0, 0, Number.NaN], 3, 1)).toEqual({
      positive: [0.75, 0.75, 0.75, 0.75, 0, 0, 0],
      negative: [0, 0, 0, 0, 0.5, 0.5, 0],
    })
  })
})

it('pairs each row with one of its cluster and with others of other clusters', () => {
  const owner = [0, 1, 0, 2, 1, 1, 0, 2]
  const pairs = drawPairs(owner, 3, seeded(1))
  for (const [i, k] of owner.entries()) {
    const [like, ...others] = pairs.subarray(i * 4, (i + 1) * 4)
    expect(owner[like!]).toBe(k)
    expect(others.map((j) => owner[j])).not.toContain(k)
  }
  expect(drawPairs([3, 3, 3], 3, seeded(1))).toHaveLength(0)
})

describe('the loss', () => {
  it('is what the formulas of the paper give, written out', () => {
    // The first query lies in direction (1, 1), the second in (1, −1); three candidates at 0°, 45° and 90°.
    const sphere = { size: 2, projection: Float64Array.of(0, 1), vectors: Float64Array.of(2, 0, 3, 3, 0, 5) }
    const quality = Float64Array.of(1, 0, 0.4, 0, 0.8, 0.9)
    const x = Float64Array.of(1, -1)
    const input = { x, n: 2, width: 1, quality, m: 3, pairs: Int32Array.of(0, 1, 1, 0) }
    const { sqrt, exp, log, SQRT1_2: half } = Math
    const told = (own: number, others: readonly number[]) => {
      const worth = (cosine: number) => exp(cosine / 0.5)
      return -log(worth(own) / (worth(own) + others.reduce((sum, other) => sum + worth(other), 0)))
    }
    // Cosines: (½√2, 1, ½√2) and (½√2, 0, −½√2). 0.4 is among the best and among the worst of its row.
    const candidates = told(half, [1, half]) + told(half, [1]) + told(0, [half]) + told(-half, [half])
    // Each is its own like, at cosine 1, and at right angles to the other.
    const queries = told(1, [0]) * 2
    const expected = (candidates + 0.7 * queries) / 2 + (0.1 * 1 ** 2) / 2
    const contrasts = contrastsOf(input, options)
    expect(contrastLoss(sphere, { ...input, contrasts }, options, new Float64Array(8))).toBeCloseTo(expected, 12)
    expect(cosinesOf(sphere, x.subarray(0, 1))[1]).toBeCloseTo(1, 12)
    expect(cosinesOf(sphere, x.subarray(1))[2]).toBeCloseTo(-1 / sqrt(2), 12)
  })

  it.each([1, 2, 3])('has the gradient that finite differences give (%i)', (seed) => {
    const input = inputOf(seed)
    const size = 4
    const start = createSphere(size, input.width, input.m, seeded(seed + 10))
    const border = start.projection.length
    const contrasts = contrastsOf(input, options)
    const weights = Float64Array.of(...start.projection, ...start.vectors)
    const gradient = new Float64Array(weights.length)
    const value = (at: Float64Array, out = new Float64Array(weights.length)) => {
      const sphere = { size, projection: at.subarray(0, border), vectors: at.subarray(border) }
      return contrastLoss(sphere, { ...input, contrasts }, options, out)
    }
    value(weights, gradient)
    const step = 1e-5
    for (const at of weights.keys()) {
      const moved = (by: number) => value(weights.map((weight, other) => (other === at ? weight + by : weight)))
      expect(gradient[at]).toBeCloseTo((moved(step) - moved(-step)) / (2 * step), 7)
    }
  })
})

it('places a query near the candidate that answers it, and all at one point under a large penalty', () => {
  const random = seeded(4)
  const n = 60
  const x = Float64Array.from({ length: n }, () => 2 * random() - 1)
  const quality = Float64Array.from({ length: 2 * n }, (_, at) => Number(x[at >> 1]! > 0 === (at % 2 === 0)))
  const input = { x, n, width: 1, quality, m: 2, pairs: new Int32Array(0) }
  const start = createSphere(3, 1, 2, random)
  const cosines = (penalty: number) => {
    const sphere = fitContrast(input, { ...options, penalty }, start)
    return Array.from(x, (_, i) => cosinesOf(sphere, x.subarray(i, i + 1)))
  }
  for (const [i, [first, second]] of cosines(1e-3).entries()) expect(first! > second!).toBe(x[i]! > 0)
  const strict = cosines(1e4)
  for (const [first, second] of strict) {
    expect(first).toBeCloseTo(strict[0]![0]!, 3)
    expect(second).toBeCloseTo(strict[0]![1]!, 3)
  }
})
