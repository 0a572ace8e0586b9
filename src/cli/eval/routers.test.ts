import { expect, it } from 'vitest'
import { estimators } from '../../../routers/index.ts'
import { readEstimator, readEstimators, readPlanners, showNamed } from './routers.ts'

it('reads names, options and all', () => {
  expect(readEstimators(['knn,linear', 'low-rank={"link":"irt"}'])).toEqual([
    { name: 'knn', options: {} },
    { name: 'linear', options: {} },
    { name: 'low-rank', options: { link: 'irt' } },
  ])
  expect(readEstimators(['all']).map(({ name }) => name)).toEqual(estimators.map(({ name }) => name))
  expect(readPlanners(['utility', 'budget={"usdPerThousand":2}']).map(showNamed)).toEqual([
    'utility',
    'budget {"usdPerThousand":2}',
  ])
})

it('refuses what there is not, and says what there is', () => {
  expect(() => readEstimators(['knm'])).toThrow(/there is no estimator 'knm'; choose one of: constant, knn/)
  expect(() => readEstimators(['constant={"k":1}'])).toThrow(/it has none|choose among/)
  expect(() => readEstimators(['knn={k:1}'])).toThrow(/must be a JSON object, such as knn=/)
  expect(() => readEstimators(['knn=[1]'])).toThrow(/must be a JSON object/)
  expect(() => readEstimator('knn,linear')).toThrow(/one estimator is learned at a time/)
  expect(() => readPlanners(['lottery'])).toThrow(/there is no planner 'lottery'/)
})
