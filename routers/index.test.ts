import { expect, it } from 'vitest'
import { estimators, findEstimator, findPlanner, findPreset, planners, presets } from './index.ts'

it('has every name once, and presets of existing parts', () => {
  for (const list of [estimators, planners, presets]) {
    expect(new Set(list.map(({ name }) => name)).size).toBe(list.length)
  }
  for (const { estimator, planner } of presets) {
    expect([findEstimator(estimator).name, findPlanner(planner).name]).toEqual([estimator, planner])
  }
})

it('lists the names when one is unknown', () => {
  expect(() => findEstimator('k-nn')).toThrow(
    "there is no estimator 'k-nn'; choose one of: constant, knn, linear, kernel, difficulty, cluster, low-rank, mlp, bradley-terry, pilot, skills, contrastive, graph, stack, domains, agreement",
  )
  expect(() => findPlanner('x')).toThrow(/utility/)
  expect(() => findPreset('x')).toThrow(/cost-aware/)
})
