import { expect, it } from 'vitest'
import { DAY_MS } from '../day.ts'
import { createExplored } from './explored.ts'

it('counts what exploring costs by route and day, and knows nothing before the log is read', async () => {
  let now = 20_000 * DAY_MS + 5
  const asked: number[] = []
  const explored = createExplored(
    {
      explored: async (since) => {
        asked.push(since)
        return new Map([['auto', 0.5]])
      },
    },
    () => now,
  )
  explored.reserve('auto', 1).settle(1)
  expect(explored.usd('auto')).toBe(Number.POSITIVE_INFINITY)
  await explored.refresh()
  expect(asked).toEqual([20_000 * DAY_MS])
  explored.reserve('auto', 0.125).settle(0.25)
  explored.reserve('code', Number.NaN).settle(0.125)
  expect([explored.usd('auto'), explored.usd('code'), explored.usd('other')]).toEqual([0.75, 0.125, 0])
  now -= DAY_MS
  expect(explored.usd('auto')).toBe(0.75)
  now += 2 * DAY_MS
  expect(explored.usd('auto')).toBe(0)
})

it('counts what is under way as it is expected to cost, whatever the day and the log say meanwhile', async () => {
  let now = 20_000 * DAY_MS
  const explored = createExplored({ explored: async () => new Map([['auto', 0.5]]) }, () => now)
  const before = explored.reserve('auto', 4)
  await explored.refresh()
  const during = explored.reserve('auto', 2)
  expect(explored.usd('auto')).toBe(6.5)
  expect(explored.usd('code')).toBe(0)
  before.settle(1)
  before.settle(8)
  expect(explored.usd('auto')).toBe(3.5)
  now += DAY_MS
  expect(explored.usd('auto')).toBe(2)
  during.settle(0.25)
  expect(explored.usd('auto')).toBe(0.25)
})
