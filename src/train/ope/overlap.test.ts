import { expect, it } from 'vitest'
import { differingOverlap, lackOf, overlapOf, requestsLacking } from './overlap.ts'
import type { Sample } from './sample.ts'

const sample = (target: readonly number[], logged: readonly number[], arm = 0): Sample => ({
  arm,
  logged,
  target,
  reward: 1,
  expected: target.map(() => 0.5),
})
const times = (count: number, one: Sample) => Array.from({ length: count }, () => one)

it('is whole where the policy is the one that logged', () => {
  expect(overlapOf(times(50, sample([0.7, 0.3], [0.7, 0.3])))).toEqual({
    effective: expect.closeTo(50, 9),
    largest: 1,
    impossible: 0,
  })
})

it('hangs on what might have been drawn and not on what was', () => {
  // 1 / E[w²] with w = 1 / 0.1 in one draw of ten: a tenth of the requests. The draw that would count never came.
  const overlap = overlapOf(times(100, sample([0, 1], [0.9, 0.1])))
  expect(overlap.effective).toBeCloseTo(10, 9)
  expect(overlap.largest).toBeCloseTo(10, 9)
  expect(lackOf(overlap)).toBe(
    'what was logged says as much as a sample of 10 would, and 30 is the least that is judged',
  )
})

it('counts the draws that were not possible', () => {
  const overlap = overlapOf([...times(90, sample([1, 0], [1, 0])), ...times(10, sample([0.2, 0.8], [1, 0]))])
  expect(overlap.impossible).toBeCloseTo(0.08, 12)
  expect(lackOf(overlap)).toBe('8 % of what is to be judged was never possible where it was logged')
  expect(requestsLacking(overlap, 100)).toBeNull()
})

it('of a difference looks at the requests where both differ alone', () => {
  const [even, rare] = [
    [0.5, 0.5],
    [1, 0],
  ]
  // 960 requests on which both agree though it was never logged, and 40 on which one takes either arm.
  const a = [...times(960, sample([0, 1], rare!)), ...times(40, sample([1, 0], even!))]
  const b = [...times(960, sample([0, 1], rare!)), ...times(40, sample([0, 1], even!))]
  const overlap = differingOverlap(a, b)
  expect(overlap).toEqual({ effective: expect.closeTo(40, 9), largest: 2, impossible: 0 })
  expect(lackOf(overlap)).toBeNull()
  expect(overlapOf(a).impossible).toBe(0.96)
})
