import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DAY_MS } from '../day.ts'
import { SwitchyardError } from '../errors.ts'
import type { Reservation } from './allowance.ts'
import { createLedger } from './ledger.ts'

const NOON = 20_000 * DAY_MS + DAY_MS / 2

function ledger(spent: (since: number) => Promise<ReadonlyMap<string, number>> = async () => new Map()) {
  const time = { wall: NOON, monotonic: 0 }
  return { time, ...createLedger({ clock: { now: () => time.wall, monotonic: () => time.monotonic }, spent }) }
}

describe('requests per minute', () => {
  test('a minute of requests at once, then evenly; the wait that is named suffices', () => {
    const { take, time } = ledger()
    for (let i = 0; i < 30; i++) take('a', 30)
    let refusal: unknown
    try {
      take('a', 30)
    } catch (thrown) {
      refusal = thrown
    }
    expect(refusal).toMatchObject({ code: 'rate_limited', status: 429, retryAfterS: 2 })
    take('b', 30)
    time.monotonic += 1999
    expect(() => take('a', 30)).toThrow(SwitchyardError)
    time.monotonic += 1
    take('a', 30)
    expect(() => take('a', 30)).toThrow(SwitchyardError)
  })

  test('over any stretch of time no more than the rate and one burst passes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.array(fc.nat(5000), { maxLength: 300 }), (perMinute, gaps) => {
        const { take, time } = ledger()
        let passed = 0
        for (const gap of gaps) {
          time.monotonic += gap
          try {
            take('a', perMinute)
            passed++
          } catch {}
        }
        expect(passed).toBeLessThanOrEqual(perMinute + (time.monotonic / 60_000) * perMinute + 1e-6)
      }),
    )
  })
})

describe('a budget', () => {
  test('holds what is under way beside what was spent, and tells the two refusals apart', async () => {
    const { reserve } = ledger()
    const first = await reserve('a', { expectedUsd: 0.6, usdPerDay: 1 })
    // The first may come to less: a moment's wait may help.
    await expect(reserve('a', { expectedUsd: 0.6, usdPerDay: 1 })).rejects.toMatchObject({
      code: 'rate_limited',
      retryable: true,
      retryAfterS: 1,
    })
    first.settle(0.5)
    first.settle(0.5)
    await expect(reserve('a', { expectedUsd: 0.6, usdPerDay: 1 })).rejects.toMatchObject({
      code: 'budget_exceeded',
      status: 429,
      retryable: false,
      retryAfterS: 43_200,
    })
    await reserve('a', { expectedUsd: 0.5, usdPerDay: 1 })
    await reserve('b', { expectedUsd: 1, usdPerDay: 1 })
  })

  test('begins with what the log says was spent today, also when many ask at once; a log that fails is no empty one', async () => {
    const asked: number[] = []
    let failing = true
    const { reserve } = ledger(async (since) => {
      asked.push(since)
      if (failing) throw new SwitchyardError('log_failed', 'The log cannot be read.')
      return new Map([['a', 0.9]])
    })
    const money = { expectedUsd: 0.04, usdPerDay: 1 }
    await expect(reserve('a', money)).rejects.toMatchObject({ code: 'log_failed' })
    failing = false
    const granted = await Promise.allSettled(Array.from({ length: 10 }, () => reserve('a', money)))
    expect(granted.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
    expect(asked).toEqual([20_000 * DAY_MS, 20_000 * DAY_MS])
  })

  test('begins anew at 00:00 UTC but for what is under way, and not when the clock is set back', async () => {
    const { reserve, time } = ledger()
    const long = await reserve('a', { expectedUsd: 0.3, usdPerDay: 1 })
    const short = await reserve('a', { expectedUsd: 0.7, usdPerDay: 1 })
    short.settle(0.7)
    time.wall += DAY_MS / 2
    const next = await reserve('a', { expectedUsd: 0.7, usdPerDay: 1 })
    await expect(reserve('a', { expectedUsd: 0.1, usdPerDay: 1 })).rejects.toMatchObject({ code: 'rate_limited' })
    next.settle(0.7)
    long.settle(0.3)
    time.wall -= 2 * DAY_MS
    await expect(reserve('a', { expectedUsd: 0.1, usdPerDay: 1 })).rejects.toMatchObject({ code: 'budget_exceeded' })
  })

  test('is never overspent by more than the requests under way at the last grant cost beyond what was expected', async () => {
    const usd = fc.integer({ min: 0, max: 50 }).map((cents) => cents / 100)
    // A reservation, or the end of the one under way that the index picks.
    const step = fc.oneof(fc.record({ expected: usd }), fc.record({ ends: fc.nat(), actual: usd }))
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { reserve } = ledger()
        const open: { expected: number; reservation: Reservation }[] = []
        let spent = 0
        /** Of those under way at the last grant. */
        let underWay = new Set<object>()
        let excess = 0
        const end = (one: (typeof open)[number], actual: number) => {
          one.reservation.settle(actual)
          spent += actual
          if (underWay.has(one)) excess += Math.max(0, actual - one.expected)
        }
        for (const one of steps) {
          if ('ends' in one) {
            const [ended] = open.splice(one.ends % Math.max(1, open.length), 1)
            if (ended) end(ended, one.actual)
          } else {
            const reservation = await reserve('a', { expectedUsd: one.expected, usdPerDay: 1 }).catch(() => null)
            if (!reservation) continue
            open.push({ expected: one.expected, reservation })
            underWay = new Set(open)
            excess = 0
          }
          expect(spent).toBeLessThanOrEqual(1 + excess + 1e-9)
        }
        for (const one of open) end(one, one.expected * 2)
        expect(spent).toBeLessThanOrEqual(1 + excess + 1e-9)
      }),
    )
  })
})
