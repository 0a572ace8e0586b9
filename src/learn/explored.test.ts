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
  explored.add('auto', 1)
  expect(explored.usd('auto')).toBe(Number.POSITIVE_INFINITY)
  await explored.refresh()
  expect(asked).toEqual([20_000 * DAY_MS])
  explored.add('auto', 0.25)
  explored.add('code', 0.125)
  expect([explored.usd('auto'), explored.usd('code'), explored.usd('other')]).toEqual([0.75, 0.125, 0])
  now -= DAY_MS
  expect(explored.usd('auto')).toBe(0.75)
  now += 2 * DAY_MS
  expect(explored.usd('auto')).toBe(0)
})
