import { expect, it } from 'vitest'
import { openPurse } from './purse.ts'

/** Every reservation, with what it was settled at. */
function counting() {
  const reserved: { expectedUsd: number; settled: number[] }[] = []
  return {
    reserved,
    async reserve(_name: string, { expectedUsd }: { expectedUsd: number }) {
      const one = { expectedUsd, settled: [] as number[] }
      reserved.push(one)
      await Promise.resolve()
      return { settle: (usd: number) => one.settled.push(usd) }
    },
  }
}

it('sets aside by step, and settles all with the total', async () => {
  const allowances = counting()
  const purse = openPurse(allowances, { name: 'k', usdPerDay: 5 }, null)
  await purse.reserve(1)
  await purse.reserve(2)
  purse.settle(2.5)
  expect(allowances.reserved).toEqual([
    { expectedUsd: 1, settled: [2.5] },
    { expectedUsd: 2, settled: [0] },
  ])
})

it('leaves nothing set aside of what is granted after the end', async () => {
  const allowances = counting()
  const purse = openPurse(allowances, { name: 'k', usdPerDay: 5 }, null)
  const reserving = purse.reserve(1)
  purse.settle(0)
  await reserving
  expect(allowances.reserved).toEqual([{ expectedUsd: 1, settled: [0] }])
})

it('asks nobody for a key without a budget', async () => {
  const allowances = counting()
  await openPurse(allowances, { name: 'k' }, null).reserve(1)
  expect(allowances.reserved).toEqual([])
})
