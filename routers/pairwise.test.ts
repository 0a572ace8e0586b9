import { expect, it } from 'vitest'
import { addWins, fitStrengths, marginsOf } from './pairwise.ts'

const zeros = (m: number) => ({ toward: new Float64Array(m), precision: 1e-9 })

it('counts a tie half and lets an unknown outcome meet nobody', () => {
  const wins = new Float64Array(9)
  addWins(wins, [1, 1, 0])
  addWins(wins, [0.2, Number.NaN, 0.9], 2)
  expect([...wins]).toEqual([0, 0.5, 1, 0.5, 0, 1, 2, 0, 0])
})

it('finds the log odds of two candidates', () => {
  const [a, b] = fitStrengths(Float64Array.of(0, 7, 3, 0), zeros(2))
  expect(a! - b!).toBeCloseTo(Math.log(7 / 3), 8)
})

it('agrees with the minorise–maximise iteration of Zermelo (1929)', () => {
  const wins = Float64Array.of(0, 8, 5, 9, 2, 0, 6, 7, 5, 4, 0, 3, 1, 3, 7, 0)
  const m = 4
  let worth = new Float64Array(m).fill(1)
  for (let round = 0; round < 5000; round++) {
    worth = worth.map((own, a) => {
      let won = 0
      let expected = 0
      for (let b = 0; b < m; b++) {
        if (a === b) continue
        won += wins[a * m + b]!
        expected += (wins[a * m + b]! + wins[b * m + a]!) / (own + worth[b]!)
      }
      return won / expected
    })
  }
  const strengths = fitStrengths(wins, zeros(m))
  for (let a = 1; a < m; a++) {
    expect(strengths[a]! - strengths[0]!).toBeCloseTo(Math.log(worth[a]! / worth[0]!), 6)
  }
})

it('moves from where it is drawn to by what is unexpected, and stays finite where one always wins', () => {
  const toward = Float64Array.of(0.5, -0.5)
  const never = fitStrengths(new Float64Array(4), { toward, precision: 1 })
  expect([...never]).toEqual([...toward])
  const [a, b] = fitStrengths(Float64Array.of(0, 1000, 0, 0), { toward, precision: 2 })
  // The slope of the likelihood and the pull balance.
  expect(1000 / (1 + Math.exp(a! - b!))).toBeCloseTo(2 * (a! - 0.5), 3)
})

it('gives margins that are the differences of the chances of a right answer', () => {
  // Two candidates right with chances 0.9 and 0.4: the first wins with 0.54, loses with 0.04.
  const strengths = fitStrengths(Float64Array.of(0, 0.75e6, 0.25e6, 0), zeros(2))
  const margins = marginsOf(strengths)
  expect(margins[0]! - margins[1]!).toBeCloseTo(0.9 - 0.4, 6)
})
