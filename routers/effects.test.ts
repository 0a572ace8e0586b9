import { expect, it } from 'vitest'
import { addCandidates, fitEffects } from './effects.ts'
import { seeded } from './fixtures.ts'

const M = 3

/** Rows of `clusters` equal groups; the spread of what is planted per cluster for all candidates, for each alone, per row, and of the noise. */
function planted(
  clusters: number,
  rows: number,
  spread: { shared: number; specific: number; row: number; noise: number },
  seed: number,
) {
  const random = seeded(seed)
  // Irwin–Hall: normal enough, with a variance of 1.
  const normal = () => Array.from({ length: 12 }, random).reduce((sum, value) => sum + value, -6)
  const shared = Float64Array.from({ length: clusters }, () => spread.shared * normal())
  const specific = Float64Array.from({ length: clusters * M }, () => spread.specific * normal())
  const owner = Int32Array.from({ length: clusters * rows }, (_, i) => i % clusters)
  const outcomes = new Float64Array(owner.length * M)
  for (const [i, k] of owner.entries()) {
    const row = spread.row * normal()
    for (let c = 0; c < M; c++) {
      outcomes[i * M + c] = 0.2 * c + shared[k]! + specific[k * M + c]! + row + spread.noise * normal()
    }
  }
  return { outcomes, m: M, owner, shared, specific }
}

it('shrinks what a cluster says of one candidate by n / (n + strength), as the formula of the balanced design says', () => {
  const clusters = 6
  const rows = 40
  const data = planted(clusters, rows, { shared: 0.2, specific: 0.1, row: 0.3, noise: 0.3 }, 1)
  const { level, specific, strength } = fitEffects(data, { clusters, pseudoCount: 0 })
  const mean = (keep: (k: number, c: number) => boolean) => {
    const kept = [...data.outcomes].filter((_, at) => keep(data.owner[Math.floor(at / M)]!, at % M))
    return kept.reduce((sum, value) => sum + value, 0) / kept.length
  }
  for (let k = 0; k < clusters; k++) {
    const own = specific.subarray(k * M, (k + 1) * M)
    const average = own.reduce((sum, value) => sum + value, 0) / M
    for (let c = 0; c < M; c++) {
      const interaction =
        mean((a, b) => a === k && b === c) - mean((a) => a === k) - mean((_, b) => b === c) + mean(() => true)
      expect(own[c]! - average).toBeCloseTo((interaction * rows) / (rows + strength), 2)
      expect(level[c]! - level[0]!).toBeCloseTo(mean((_, b) => b === c) - mean((_, b) => b === 0), 2)
    }
  }
})

it('estimates the strength and the noise that were planted', () => {
  const { strength, noise } = fitEffects(planted(150, 30, { shared: 0.2, specific: 0.1, row: 0, noise: 0.3 }, 2), {
    clusters: 150,
    pseudoCount: 0,
  })
  expect(noise).toBeGreaterThan(0.3 ** 2 * 0.9)
  expect(noise).toBeLessThan(0.3 ** 2 * 1.1)
  // 0.09 / 0.01
  expect([8, 16]).toContain(strength)
})

it('finds next to nothing where clusters differ by chance alone', () => {
  const { shared, specific } = fitEffects(planted(30, 20, { shared: 0, specific: 0, row: 0.3, noise: 0.3 }, 3), {
    clusters: 30,
    pseudoCount: 0,
  })
  expect(Math.max(...shared.map(Math.abs), ...specific.map(Math.abs))).toBeLessThan(0.05)
})

it('learns from rows with one known outcome each, whatever cluster a candidate was asked in most', () => {
  const data = planted(4, 900, { shared: 0.3, specific: 0.2, row: 0, noise: 0.2 }, 4)
  const random = seeded(5)
  for (const [i, k] of data.owner.entries()) {
    const kept = random() < 0.7 ? k % M : Math.floor(random() * M)
    for (let c = 0; c < M; c++) if (c !== kept) data.outcomes[i * M + c] = Number.NaN
  }
  const { level, shared, specific } = fitEffects(data, { clusters: 4, pseudoCount: 0 })
  for (let k = 0; k < 4; k++) {
    for (let c = 0; c < M; c++) {
      const truth = 0.2 * c + data.shared[k]! + data.specific[k * M + c]!
      expect(level[c]! + shared[k]! + specific[k * M + c]!).toBeGreaterThan(truth - 0.08)
      expect(level[c]! + shared[k]! + specific[k * M + c]!).toBeLessThan(truth + 0.08)
    }
  }
})

it('adds a candidate beside the others, which stay as they are', () => {
  const data = planted(5, 200, { shared: 0.3, specific: 0.2, row: 0, noise: 0.2 }, 6)
  const column = (from: number, to: number) => data.outcomes.filter((_, at) => at % M >= from && at % M < to)
  const grouping = { clusters: 5, pseudoCount: 0 }
  const two = fitEffects({ ...data, outcomes: column(0, 2), m: 2 }, grouping)
  const three = addCandidates(two, { outcomes: column(2, 3), m: 1, owner: data.owner }, 0)
  expect([...three.level.subarray(0, 2)]).toEqual([...two.level])
  for (let k = 0; k < 5; k++) {
    expect([...three.specific.subarray(k * M, k * M + 2)]).toEqual([...two.specific.subarray(k * 2, k * 2 + 2)])
    const truth = 0.4 + data.shared[k]! + data.specific[k * M + 2]!
    expect(Math.abs(three.level[2]! + three.shared[k]! + three.specific[k * M + 2]! - truth)).toBeLessThan(0.06)
  }
})
