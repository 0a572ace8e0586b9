import { expect, it } from 'vitest'
import { seeded } from '../fixtures.ts'
import { normalCdf } from '../normal.ts'
import { createQualities } from './expectedMax.ts'

function expectedMax(means: readonly number[], stds: readonly number[], floor = Number.NEGATIVE_INFINITY): number {
  const qualities = createQualities(means, stds, floor)
  return means.reduce((set, _, m) => qualities.with(set, m), qualities.nothing).value
}

const density = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)

/** Clark 1961, for two independent normals. */
function clark([a, b]: readonly number[], [s, t]: readonly number[]): number {
  const spread = Math.hypot(s!, t!)
  if (spread === 0) return Math.max(a!, b!)
  const z = (a! - b!) / spread
  return a! * normalCdf(z) + b! * normalCdf(-z) + spread * density(z)
}

it('of two is that of the formula', () => {
  const random = seeded(1)
  for (let trial = 0; trial < 300; trial++) {
    const means = [random(), random()]
    const stds = [random() ** 4, random() ** 4]
    expect(expectedMax(means, stds)).toBeCloseTo(clark(means, stds), 4)
    expect(expectedMax(means.toReversed(), stds.toReversed())).toBeCloseTo(clark(means, stds), 4)
    expect(expectedMax([means[0]!], [stds[0]!], means[1]!)).toBeCloseTo(clark(means, [stds[0]!, 0]), 4)
  }
})

it('of standard normals is that of the tables', () => {
  for (const [count, value] of [
    [2, 0.5641896],
    [3, 0.8462844],
    [5, 1.1629645],
    [10, 1.5387527],
  ] as const) {
    expect(expectedMax(new Array(count).fill(0), new Array(count).fill(1))).toBeCloseTo(value, 4)
  }
})

it('of several that differ is the mean of many draws', () => {
  const random = seeded(2)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const [means, stds, floor] = [[0.4, 0.7, 0.6], [0.5, 0.05, 0.2], 0.65]
  let sum = 0
  for (let draw = 0; draw < 400_000; draw++) {
    sum += Math.max(floor, ...means.map((mean, m) => mean + stds[m]! * normal()))
  }
  expect(expectedMax(means, stds, floor)).toBeCloseTo(sum / 400_000, 2)
})

it('of what is certain is the highest', () => {
  expect(expectedMax([0.2, 0.9, 0.5], [0, 0, 0])).toBeCloseTo(0.9, 12)
  expect(expectedMax([0.2, 0.3], [0, 0], 0.4)).toBe(0.4)
  expect(expectedMax([], [], 0.4)).toBe(0.4)
})

it('gains are never negative and fall as the set grows', () => {
  const random = seeded(3)
  for (let trial = 0; trial < 200; trial++) {
    const means = Array.from({ length: 4 }, random)
    const stds = Array.from({ length: 4 }, () => random() ** 3)
    const qualities = createQualities(means, stds, trial % 2 === 0 ? random() : Number.NEGATIVE_INFINITY)
    const one = qualities.with(qualities.nothing, 0)
    const two = qualities.with(one, 1)
    const three = qualities.with(two, 2)
    const gains = [one, two, three].map((set) => qualities.with(set, 3).value - set.value)
    expect(gains[2]).toBeGreaterThanOrEqual(0)
    expect(gains[1]).toBeGreaterThanOrEqual(gains[2]! - 1e-12)
    expect(gains[0]).toBeGreaterThanOrEqual(gains[1]! - 1e-12)
  }
})
