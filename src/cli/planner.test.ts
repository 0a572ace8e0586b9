import { expect, it } from 'vitest'
import { readPlanner } from './planner.ts'

it('reads a planner with its options, by the schema of the configuration', () => {
  expect(readPlanner(undefined, undefined)).toEqual({})
  expect(readPlanner('utility', undefined)).toEqual({ planner: 'utility', plannerOptions: {} })
  expect(readPlanner('budget', '{"usdPerThousand": 2}')).toEqual({
    planner: 'budget',
    plannerOptions: { usdPerThousand: 2 },
  })
})

it.each([
  ['nobody', undefined, /utility, budget/],
  ['budget', undefined, /usdPerThousand the planner "budget" needs it/],
  ['budget', '{"usdPerThousand": -2}', /usdPerThousand/],
  ['budget', '{"usdPerThousand": 2, "chance": 1}', /chance means nothing/],
  ['budget', '{usd}', /not JSON/],
  [undefined, '{}', /needs --planner/],
])('refuses %s with %s', (name, json, message) => {
  expect(() => readPlanner(name, json)).toThrow(message)
})
