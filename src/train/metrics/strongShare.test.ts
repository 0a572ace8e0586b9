import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createRandom } from '../random.ts'
import { mean } from './statistics.ts'
import { apgr, cpt, pairFigures, pgr, rankByScore, shareCurve } from './strongShare.ts'

const weak = [1, 0, 0, 0]
const strong = [1, 1, 0, 1]
const curveOf = (scores: readonly number[], weights?: readonly number[]) =>
  shareCurve(rankByScore(scores, weak, strong), weights)

it('recovers the gap as far as the strong model is called where it helps', () => {
  // Order: query 1 (+1), 0 (0), 3 (+1), 2 (0).
  const curve = curveOf([0.8, 0.9, 0.1, 0.5])
  expect(curve.map(({ share, quality }) => [share, quality])).toEqual([
    [0, 0.25],
    [0.25, 0.5],
    [0.5, 0.5],
    [0.75, 0.75],
    [1, 0.75],
  ])
  expect(pgr(0.5, 0.25, 0.75)).toBe(0.5)
  // Trapezoids of PGR 0, 0.5, 0.5, 1, 1: a quarter of (0.25 + 0.5 + 0.75 + 1).
  expect(apgr(curve)).toBeCloseTo(0.625)
  // PGR 0.5 at a quarter of the calls; 0.75 half way between 0.5 and 0.75; 1 at three quarters.
  expect(cpt(curve, 0.5)).toBeCloseTo(0.25)
  expect(cpt(curve, 0.75)).toBeCloseTo(0.625)
  expect(cpt(curve, 1)).toBeCloseTo(0.75)
  expect(cpt(curve, 1.1)).toBe(Number.POSITIVE_INFINITY)
})

it('moves queries of equal score over together, in a straight line', () => {
  const curve = curveOf([7, 7, 7, 7])
  expect(curve).toEqual([
    { share: 0, quality: 0.25 },
    { share: 1, quality: 0.75 },
  ])
  expect(apgr(curve)).toBe(0.5)
  expect(apgr(curve, { steps: 10 })).toBeCloseTo(0.5)
  expect(cpt(curve, 0.8)).toBeCloseTo(0.8)
})

it('counts a query as often as it is drawn', () => {
  const [a, b] = [rankByScore([3, 2, 1], [0, 1, 0], [1, 0, 1]), rankByScore([3, 3, 1], [0, 0, 0], [1, 1, 1])]
  expect(apgr(shareCurve(a, [2, 0, 1]))).toBeCloseTo(apgr(shareCurve(b)))
})

it('says nothing where the strong model is not better', () => {
  const curve = shareCurve(rankByScore([1, 2], [1, 0], [0, 1]))
  expect(apgr(curve)).toBeNaN()
  expect(cpt(curve, 0.5)).toBeNaN()
})

it('agrees with the reference of RouteLLM’s MMLU records', () => {
  // 14,037 decontaminated questions: 2,496 only GPT-4 has right, 742 only Mixtral, 8,816 both. Gap g = 0.12496, a = 0.17782.
  const [onlyStrong, onlyWeak, both, neither] = [2496, 742, 8816, 1983]
  const fill = (parts: readonly number[]) =>
    [onlyStrong, onlyWeak, both, neither].flatMap((count, i) => new Array<number>(count).fill(parts[i]!))
  const oracle = shareCurve(rankByScore(fill([1, -1, 0, 0]), fill([0, 1, 1, 0]), fill([1, 0, 1, 0])))
  // In steps of 0.1: PGR 0, 0.1 / g, eight times a / g, 1. So 0.1 · (0.8003 + 8 · 1.4230 + 0.5).
  expect(apgr(oracle, { steps: 10 })).toBeCloseTo(1.268, 3)
  // Exactly: (a − a² / 2 − b² / 2) / g with b = 0.05286.
  expect(apgr(oracle)).toBeCloseTo((0.177816 - 0.177816 ** 2 / 2 - 0.05286 ** 2 / 2) / 0.124956, 3)
})

it('has 0.5 for a coin and the most for the oracle', () => {
  const random = createRandom(11)
  const n = 400
  const [cheap, dear] = [0.4, 0.7].map((p) => Array.from({ length: n }, () => (random() < p ? 1 : 0))) as [
    number[],
    number[],
  ]
  const coins = Array.from({ length: 400 }, () => {
    const scores = Array.from({ length: n }, random)
    return apgr(shareCurve(rankByScore(scores, cheap, dear)))
  })
  // Its deviation is about 0.05 a coin, 0.0025 in the mean.
  expect(Math.abs(mean(coins) - 0.5)).toBeLessThan(0.015)
  const oracle = apgr(
    shareCurve(
      rankByScore(
        dear.map((q, i) => q - cheap[i]!),
        cheap,
        dear,
      ),
    ),
  )
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true }), { minLength: n, maxLength: n }), (scores) => {
      expect(apgr(shareCurve(rankByScore(scores, cheap, dear)))).toBeLessThanOrEqual(oracle + 1e-12)
    }),
    { numRuns: 30 },
  )
})

it('has the same figures in one pass', () => {
  const quality = fc.double({ min: 0, max: 1, noNaN: true })
  const row = fc.tuple(quality, quality, fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 3 }))
  fc.assert(
    fc.property(fc.array(row, { minLength: 2, maxLength: 40 }), (rows) => {
      const [weak, strong, scores, weights] = [0, 1, 2, 3].map((k) => Float64Array.from(rows, (one) => one[k]!))
      const ranking = rankByScore(scores!, weak!, strong!)
      const curve = shareCurve(ranking, weights!)
      const figures = pairFigures(ranking, weights!)
      const gap = curve.at(-1)!.quality - curve[0]!.quality
      if (!(gap > 1e-6)) return
      expect(figures.apgr).toBeCloseTo(apgr(curve), 6)
      expect(figures.cpt50).toBeCloseTo(cpt(curve, 0.5), 6)
      expect(figures.cpt80).toBeCloseTo(cpt(curve, 0.8), 6)
    }),
  )
})
