import { expect, it } from 'vitest'
import { arenaScore, optimality, robustness } from './routerArena.ts'

it('reproduces rows of the board', () => {
  expect(arenaScore(0.7969, 0.27)).toBeCloseTo(0.776, 3)
  expect(arenaScore(0.7597, 0.11)).toBeCloseTo(0.754, 3)
  expect(arenaScore(0.7851, 0.4905)).toBeCloseTo(0.7575, 4)
})

it('keeps cost within the board’s ends', () => {
  // C = 1 at the cheapest: 1.1 · 0.5 / (0.05 + 1).
  expect(arenaScore(0.5, 0.0044)).toBeCloseTo(0.55 / 1.05)
  expect(arenaScore(0.5, 0.0001)).toBe(arenaScore(0.5, 0.0044))
  expect(arenaScore(0.5, 200)).toBe(0)
  expect(arenaScore(0.5, 900)).toBe(0)
  expect(arenaScore(0, 900)).toBe(0)
  expect(arenaScore(0.5, 0)).toBeNaN()
})

it('compares choices with the cheapest right model', () => {
  const matrix = {
    models: 2,
    //                            both right, big alone, none, both right
    qualities: Float64Array.of(1, 1, 0, 1, 0, 0, 1, 1),
    costs: Float64Array.of(1, 4, 1, 4, 1, 4, 1, 4),
  }
  // Ideal small, big, –, small: 1 + 4 + 1. Chosen big (right, dear), small (wrong), big (does not count), small: 4 + 1 + 1.
  const result = optimality(matrix, [1, 0, 1, 0])
  expect(result.queries).toBe(3)
  expect(result.selection).toBeCloseTo(1 / 3)
  expect(result.cost).toBeCloseTo(6 / 6)
  expect(result.accuracy).toBeCloseTo(2 / 3)
  expect(optimality(matrix, [0, 1, 0, 0])).toEqual({ queries: 3, selection: 1, cost: 1, accuracy: 1 })
})

it('counts the choices that a perturbed prompt does not change', () => {
  expect(robustness([0, 1, 2, 1], [0, 1, 1, 1])).toBe(0.75)
  expect(robustness([3, 3], [3, 3])).toBe(1)
  expect(robustness([], [])).toBeNaN()
})
