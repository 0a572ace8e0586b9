/** What a client meets while the object of its key is slow or out of reach; the objects themselves are tested in their runtime. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createRemoteAllowances, type RemoteCounts } from './allowances.ts'

const MONEY = { expectedUsd: 1, usdPerDay: 10 }

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function remote(counts: Partial<RemoteCounts>) {
  const settled: [number, number][] = []
  const failures: string[] = []
  const kept: Promise<unknown>[] = []
  const allowances = createRemoteAllowances({
    countsOf: () => ({
      take: async () => 0,
      reserve: async () => ({ id: 7 }),
      settle: async (id, usd) => {
        settled.push([id, usd])
      },
      ...counts,
    }),
    keepAlive: (work) => kept.push(work),
    now: () => 0,
    onFailure: (event) => failures.push(event),
  })
  return { ...allowances, settled, failures, kept }
}

const after = <Value>(ms: number, value: Value) => new Promise<Value>((done) => setTimeout(done, ms, value))

it('a budget is not waited for without end, and what is reserved too late is given back', async () => {
  const { reserve, settled, failures, kept } = remote({ reserve: () => after(60_000, { id: 9 }) })
  const refused = expect(reserve('a', MONEY)).rejects.toMatchObject({ code: 'budget_unreachable', status: 503 })
  await vi.advanceTimersByTimeAsync(5_000)
  await refused
  expect({ settled, failures }).toEqual({ settled: [], failures: ['budget_unreachable'] })
  await vi.advanceTimersByTimeAsync(60_000)
  await Promise.all(kept)
  expect(settled).toEqual([[9, 0]])
})

it('a rate limit that cannot be told in time lets pass', async () => {
  const { take, failures } = remote({ take: () => after(60_000, 5_000) })
  const taken = take('a', 1)
  await vi.advanceTimersByTimeAsync(5_000)
  await taken
  expect(failures).toEqual(['rate_limit_unreachable'])
})

it('a cost is told once, in the background, and a failure to tell it fails nobody', async () => {
  const { reserve, failures, kept } = remote({ settle: () => Promise.reject(new Error('gone')) })
  const reservation = await reserve('a', MONEY)
  expect(kept).toEqual([])
  reservation.settle(2)
  reservation.settle(3)
  expect(kept).toHaveLength(1)
  await Promise.all(kept)
  expect(failures).toEqual(['budget_not_settled'])
})
