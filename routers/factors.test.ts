import { describe, expect, it } from 'vitest'
import { type Factors, fitFactors, type Link, logitsOf } from './factors.ts'
import { seeded } from './fixtures.ts'

const N = 120
const WIDTH = 4
const M = 5
const PENALTY = 0.05

/** Outcomes of candidates whose logits are a product of two factors, a tenth of them not known. */
function planted() {
  const random = seeded(1)
  const x = Float64Array.from({ length: N * WIDTH }, () => random() * 2 - 1)
  for (let j = 0; j < WIDTH; j++) {
    const mean = Array.from({ length: N }, (_, i) => x[i * WIDTH + j]!).reduce((sum, value) => sum + value, 0) / N
    for (let i = 0; i < N; i++) x[i * WIDTH + j]! -= mean
  }
  const quality = Float64Array.from({ length: N * M }, (_, at) => {
    const [i, c] = [Math.floor(at / M), at % M]
    const logit = 0.3 * c - 0.5 + (c - 2) * x[i * WIDTH]! + (c % 2 === 0 ? 1.5 : -1.5) * x[i * WIDTH + 1]!
    return random() < 0.1 ? Number.NaN : random() < 1 / (1 + Math.exp(-logit)) ? 1 : 0
  })
  return { x, n: N, width: WIDTH, quality, m: M }
}

const data = planted()
const row = (i: number) => data.x.subarray(i * WIDTH, (i + 1) * WIDTH)

/** The logit as the papers write it. */
function byHand({ link, rank, projection, offset, vectors, level, difficulty }: Factors, x: Float64Array, c: number) {
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    Array.from(a).reduce((sum, value, j) => sum + value * b[j]!, 0)
  const u = Array.from({ length: rank }, (_, a) => dot(projection.subarray(a * WIDTH, (a + 1) * WIDTH), x) + offset[a]!)
  const own = vectors.subarray(c * rank, (c + 1) * rank)
  if (link === 'bilinear') return level[c]! + dot(own, u)
  if (link === 'product') return level[0]! + dot(own, u)
  return (
    level[0]! +
    dot(
      own,
      u.map((value) => Math.log(1 + Math.exp(value))),
    ) -
    dot(difficulty, x)
  )
}

/** Minus the penalised log-likelihood, up to a constant. */
function objective(factors: Factors): number {
  const known = [...data.quality].filter((value) => !Number.isNaN(value))
  const share = known.reduce((sum, value) => sum + value, 0) / known.length
  const squares = (list: Float64Array, centre = 0) => list.reduce((sum, value) => sum + (value - centre) ** 2, 0)
  let loss = (PENALTY * N * (squares(factors.projection) + squares(factors.difficulty)) + squares(factors.vectors)) / 2
  loss += squares(factors.level, Math.log(share / (1 - share))) / 2
  loss += (0.01 * squares(factors.offset, factors.link === 'irt' ? Math.log(Math.E - 1) : 0)) / 2
  for (const [at, truth] of data.quality.entries()) {
    if (Number.isNaN(truth)) continue
    const p = 1 / (1 + Math.exp(-byHand(factors, row(Math.floor(at / M)), at % M)))
    loss -= Math.log(truth === 1 ? p : 1 - p)
  }
  return loss
}

describe.each(['bilinear', 'product', 'irt'] satisfies Link[])('the link %s', (link) => {
  const factors = fitFactors(data, { link, rank: 3, penalty: PENALTY })

  it('gives the logits that the papers write', () => {
    for (const i of [0, 50, 119]) {
      const logits = logitsOf(factors, row(i))
      for (let c = 0; c < M; c++) expect(logits[c]).toBeCloseTo(byHand(factors, row(i), c), 10)
    }
  })

  it('is fitted where no parameter can be changed for the better', () => {
    const best = objective(factors)
    for (const part of ['projection', 'offset', 'vectors', 'level', 'difficulty'] as const) {
      for (const at of factors[part].keys()) {
        if (part === 'offset' && link === 'bilinear') continue
        for (const step of [0.05, -0.05]) {
          const moved = { ...factors, [part]: factors[part].with(at, factors[part][at]! + step) }
          expect(objective(moved), `${part} ${at}`).toBeGreaterThan(best - 0.01)
        }
      }
    }
  })

  it('tells apart who is good at what', () => {
    const probe = (first: number, second: number) => logitsOf(factors, Float64Array.of(first, second, 0, 0))
    // The first factor separates the outer candidates, the second the even from the odd.
    expect(probe(0.8, 0)[4]! - probe(0.8, 0)[0]!).toBeGreaterThan(probe(-0.8, 0)[4]! - probe(-0.8, 0)[0]! + 1)
    expect(probe(0, 0.8)[2]! - probe(0, 0.8)[1]!).toBeGreaterThan(probe(0, -0.8)[2]! - probe(0, -0.8)[1]! + 1)
  })
})

it('needs no more factors than a strong penalty leaves', () => {
  const { projection, vectors } = fitFactors(data, { link: 'bilinear', rank: 4, penalty: 10 })
  expect(Math.hypot(...vectors) * Math.hypot(...projection)).toBeLessThan(1e-3)
})
