import { expect, it } from 'vitest'
import { judge, lowerEnd, toInterval } from './verdict.ts'

const sure = { confidence: 0.95, slack: 0 }

it('is wider by what was never tried', () => {
  const { value, low, high } = toInterval({ value: 0.1, error: 0.01 }, { confidence: 0.95, slack: 0.02 })
  expect([value, low, high].map((one) => Number(one.toFixed(5)))).toEqual([0.1, 0.0604, 0.1396])
  // One-sided: z is 1.64485.
  expect(lowerEnd({ value: 0.1, error: 0.01 }, { confidence: 0.95, slack: 0.02 })).toBeCloseTo(0.0635515, 6)
})

it('tells two apart when zero is outside', () => {
  expect(judge({ value: 0.1, error: 0.05 }, 100, sure)).toEqual({ kind: 'apart', better: 'a' })
  expect(judge({ value: -0.1, error: 0.05 }, 100, sure)).toEqual({ kind: 'apart', better: 'b' })
  expect(judge({ value: 0.1, error: 0.05 }, 100, { ...sure, slack: 0.01 })).toMatchObject({ kind: 'undecided' })
})

it('says how many more requests it would take', () => {
  // ((1.95996 + 0.84162) · 0.05 / 0.05)² = 7.8489 times as many.
  expect(judge({ value: 0.05, error: 0.05 }, 1000, sure)).toEqual({ kind: 'undecided', needed: 6849 })
  expect(judge({ value: 0.06, error: 0.05 }, 1000, { ...sure, slack: 0.01 })).toEqual({
    kind: 'undecided',
    needed: 6849,
  })
  // What was never tried could be all of the difference: no number of such requests tells.
  expect(judge({ value: 0.01, error: 0.05 }, 1000, { ...sure, slack: 0.01 })).toEqual({
    kind: 'undecided',
    needed: null,
  })
})
