import { describe, expect, it } from 'vitest'
import { seeded } from '../fixtures.ts'
import { type Belief, bestAnswer, cascadeRouting } from './cascadeRouting.ts'
import { createQualities } from './expectedMax.ts'

/** Every set of at most `maxSteps` candidates that contains those asked, by the definition. */
function bruteForce(
  { quality, qualityStd, costUsd }: Belief,
  asked: readonly number[],
  maxSteps: number,
  lambda: number,
) {
  const all = Array.from({ length: quality.length }, (_, m) => m)
  const open = all.filter((m) => !asked.includes(m))
  const floor = Math.max(...asked.map((m) => quality[m]!))
  const qualities = createQualities(Array.from(quality), Array.from(qualityStd), floor)
  let best = { worth: asked.length === 0 ? Number.NEGATIVE_INFINITY : floor, members: [] as number[] }
  for (let bits = 1; bits < 1 << open.length; bits++) {
    const members = open.filter((_, k) => (bits >> k) & 1)
    if (asked.length + members.length > maxSteps) continue
    const { value } = members.reduce((set, m) => qualities.with(set, m), qualities.nothing)
    const worth = value - members.reduce((sum, m) => sum + lambda * costUsd[m]!, 0)
    if (worth > best.worth + 1e-6) best = { worth, members }
  }
  return best.members.sort((a, b) => costUsd[a]! - costUsd[b]!)[0] ?? null
}

function beliefOf(random: () => number, count = 6): Belief {
  return {
    quality: Array.from({ length: count }, random),
    qualityStd: Array.from({ length: count }, () => 0.5 * random()),
    costUsd: Float64Array.from({ length: count }, () => 0.01 * random() ** 2),
  }
}

describe('the next step', () => {
  it('is that of the best set among all, though most are pruned', () => {
    const random = seeded(1)
    let stopped = 0
    for (let trial = 0; trial < 400; trial++) {
      const belief = beliefOf(random)
      const asked = [[], [2], [4, 1]][trial % 3]!
      const lambda = 1000 * random() ** 3
      const next = cascadeRouting(belief, asked, 4)(lambda)
      expect(next).toBe(bruteForce(belief, asked, 4, lambda))
      if (next === null) stopped++
    }
    expect(stopped).toBeGreaterThan(20)
    expect(stopped).toBeLessThan(250)
  })

  it('is plain routing where answers teach nothing', () => {
    const random = seeded(2)
    for (let trial = 0; trial < 200; trial++) {
      const belief = { ...beliefOf(random), qualityStd: new Float64Array(6) }
      const lambda = 300 * random()
      const worth = (m: number) => belief.quality[m]! - lambda * belief.costUsd[m]!
      const routed = [0, 1, 2, 3, 4, 5].reduce((best, m) => (worth(m) > worth(best) ? m : best))
      expect(cascadeRouting(belief, [])(lambda)).toBe(routed)
      expect(cascadeRouting(belief, [routed])(lambda)).toBeNull()
    }
  })

  it('asks the cheap one first where its answer may do, and stops once it does', () => {
    const before = { quality: [0.6, 0.9], qualityStd: [0.4, 0.1], costUsd: Float64Array.of(0.001, 0.02) }
    expect(cascadeRouting(before, [])(10)).toBe(0)
    expect(cascadeRouting({ ...before, quality: [0.95, 0.9] }, [0])(10)).toBeNull()
    expect(cascadeRouting({ ...before, quality: [0.3, 0.9] }, [0])(10)).toBe(1)
  })

  it('asks the cheapest alone where money is everything, and more where it is nothing', () => {
    const belief = { quality: [0.5, 0.9, 0.4], qualityStd: [0.2, 0.2, 0.2], costUsd: Float64Array.of(0.002, 0.02, 0) }
    expect(cascadeRouting(belief, [])(Number.POSITIVE_INFINITY)).toBe(2)
    expect(cascadeRouting(belief, [2])(Number.POSITIVE_INFINITY)).toBeNull()
    expect(cascadeRouting(belief, [2])(0)).toBe(0)
    expect(cascadeRouting(belief, [2, 0, 1])(0)).toBeNull()
  })

  it('ends after the steps that are allowed', () => {
    const belief = beliefOf(seeded(3))
    expect(cascadeRouting(belief, [0, 1, 2])(0)).toBeNull()
    expect(cascadeRouting(belief, [0, 1, 2], 4)(0)).not.toBeNull()
  })

  it('counts a price that is not known as the highest there is', () => {
    const unknown = {
      quality: [0.2, 0.9, 0.5],
      qualityStd: [0, 0, 0],
      costUsd: Float64Array.of(0.001, Number.NaN, 0.01),
    }
    const known = { ...unknown, costUsd: Float64Array.of(0.001, 0.01, 0.01) }
    for (const lambda of [0, 10, 70, 100, 1e9]) {
      expect(cascadeRouting(unknown, [])(lambda)).toBe(cascadeRouting(known, [])(lambda))
    }
    expect(cascadeRouting({ ...unknown, costUsd: new Float64Array(3).fill(Number.NaN) }, [])(10)).toBe(1)
  })
})

it('returns the answer believed best, the later of equals', () => {
  expect(bestAnswer({ quality: [0.9, 0.4, 0.6, 0.6] }, [1, 2])).toBe(2)
  expect(bestAnswer({ quality: [0.9, 0.4, 0.6, 0.6] }, [2, 3])).toBe(3)
})
