import fc from 'fast-check'
import { expect, it } from 'vitest'
import { adaptiveRegret, cumulate, oracleOf, outcomesOf, regretAgainst } from './regret.ts'

const matrix = {
  models: 2,
  qualities: Float64Array.of(1, 1, 0.2, 1, 0, 0.5),
  costs: Float64Array.of(1, 4, 1, 4, 1, 4),
}

it('takes the best model of each query, which depends on λ', () => {
  expect([...oracleOf(matrix, 0).costs]).toEqual([1, 4, 4])
  // At λ = 0.2 three USD more are worth 0.6: only the second query pays.
  expect([...oracleOf(matrix, 0.2).costs]).toEqual([1, 4, 1])
})

it('takes the cheaper of equals, wherever it stands', () => {
  const tied = { models: 3, qualities: Float64Array.of(1, 0, 1), costs: Float64Array.of(4, 1, 2) }
  expect([...oracleOf(tied, 0).costs]).toEqual([2])
})

it('is what the reference earned more', () => {
  const [small, big] = [outcomesOf(matrix, () => 0), outcomesOf(matrix, () => 1)]
  // Quality 2.5 / 3 against 1.2 / 3.
  expect(regretAgainst(oracleOf(matrix, 0), small, { lambda: 0 })).toBeCloseTo(1.3 / 3)
  expect(regretAgainst(oracleOf(matrix, 0), big, { lambda: 0 })).toBeCloseTo(0)
  // λ = 0.2: small 0.8, 0, −0.2; big 0.2, 0.2, −0.3.
  expect(regretAgainst(big, small, { lambda: 0.2 })).toBeCloseTo(-0.5 / 3)
  expect(regretAgainst(big, small, { lambda: 0.2, weights: [0, 1, 0] })).toBeCloseTo(0.2)
})

it('is never negative against the oracle', () => {
  const value = fc.double({ min: 0, max: 1, noNaN: true })
  const cells = fc.array(fc.tuple(value, value), { minLength: 12, maxLength: 12 })
  fc.assert(
    fc.property(
      cells,
      fc.double({ min: 0, max: 50, noNaN: true }),
      fc.infiniteStream(fc.nat(2)),
      (all, lambda, picks) => {
        const any = {
          models: 3,
          qualities: Float64Array.from(all, ([quality]) => quality),
          costs: Float64Array.from(all, ([, cost]) => cost),
        }
        const policy = outcomesOf(any, () => picks.next().value!)
        expect(regretAgainst(oracleOf(any, lambda), policy, { lambda })).toBeGreaterThanOrEqual(-1e-12)
      },
    ),
  )
})

it('adds up over rounds', () => {
  expect([...cumulate([0.5, 0, 0.25])]).toEqual([0.5, 0.5, 0.75])
})

it('finds the interval on which one arm was better by most', () => {
  // Arm 0 is better in rounds 2 and 3 by 1 + 1, arm 1 never by more than 0.5.
  const losses = [0, 0.5, 1, 1, 0]
  const arms = [1, 0, 1, 0, 0, 1, 0, 1, 1, 1].map(Number)
  expect(adaptiveRegret(losses, arms, 2)).toBe(2)
  expect(adaptiveRegret([0, 0], [0, 1, 0, 1], 2)).toBe(0)
})

it('is the regret of the worst interval, by trying all', () => {
  const loss = fc.integer({ min: 0, max: 4 })
  fc.assert(
    fc.property(fc.array(fc.tuple(loss, loss, loss), { maxLength: 12 }), (rounds) => {
      const losses = rounds.map(([own]) => own)
      let worst = 0
      for (let from = 0; from < rounds.length; from++) {
        for (let to = from + 1; to <= rounds.length; to++) {
          const part = rounds.slice(from, to)
          const sum = (k: 0 | 1 | 2) => part.reduce((total, round) => total + round[k], 0)
          worst = Math.max(worst, sum(0) - Math.min(sum(1), sum(2)))
        }
      }
      const arms = rounds.flatMap(([, a, b]) => [a, b])
      expect(adaptiveRegret(losses, arms, 2)).toBe(worst)
    }),
  )
})
