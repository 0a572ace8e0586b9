import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seeded } from '../fixtures.ts'
import { type Choice, chooseWithin } from './knapsack.ts'

/** Every combination there is. */
function exhaust(groups: readonly (readonly Choice[])[]): readonly Choice[] {
  return groups.reduce<readonly Choice[]>(
    (all, choices) =>
      all.flatMap((one) => choices.map(({ worth, cost }) => ({ worth: one.worth + worth, cost: one.cost + cost }))),
    [{ worth: 0, cost: 0 }],
  )
}

const total = (groups: readonly (readonly Choice[])[], chosen: readonly number[]) =>
  chosen.reduce(
    (sums, choice, g) => ({
      worth: sums.worth + groups[g]![choice]!.worth,
      cost: sums.cost + groups[g]![choice]!.cost,
    }),
    { worth: 0, cost: 0 },
  )

describe('one choice per group within a budget', () => {
  const pair = (worth: number, cost: number): Choice[] => [
    { worth: 0, cost: 0 },
    { worth, cost },
  ]

  it('takes what fits best, where the best ratio does not', () => {
    // 60 for 10 is the best ratio, and with 100 for 20 fills 30 of 50; 100 and 120 fill it.
    const groups = [pair(60, 10), pair(100, 20), pair(120, 30)]
    expect(chooseWithin(groups, 50)).toEqual([0, 1, 1])
    expect(chooseWithin(groups, 49)).toEqual([1, 0, 1])
    expect(chooseWithin(groups, 60)).toEqual([1, 1, 1])
    expect(chooseWithin(groups, 9)).toEqual([0, 0, 0])
  })

  it('takes the cheapest of equals, and nothing where nothing fits', () => {
    const groups = [
      [
        { worth: 1, cost: 3 },
        { worth: 1, cost: 2 },
      ],
    ]
    expect(chooseWithin(groups, 10)).toEqual([1])
    expect(chooseWithin(groups, 2)).toEqual([1])
    expect(chooseWithin(groups, 1.9)).toBeNull()
    expect(chooseWithin([], 0)).toEqual([])
  })

  it('is what trying everything finds', () => {
    const number = fc.oneof(fc.integer({ min: 0, max: 12 }), fc.double({ min: 0, max: 12, noNaN: true }))
    const group = fc.array(fc.record({ worth: number, cost: number }), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(fc.array(group, { maxLength: 6 }), fc.double({ min: 0, max: 50, noNaN: true }), (groups, budget) => {
        // Within rounding of the budget, either answer is right.
        const all = exhaust(groups)
        fc.pre(all.every(({ cost }) => Math.abs(cost - budget) > 1e-6))
        const able = all.filter(({ cost }) => cost < budget)
        const chosen = chooseWithin(groups, budget)
        if (able.length === 0) {
          expect(chosen).toBeNull()
          return
        }
        const found = total(groups, chosen!)
        expect(found.cost).toBeLessThan(budget)
        expect(found.worth).toBeCloseTo(Math.max(...able.map(({ worth }) => worth)), 6)
      }),
    )
  })

  it('takes no sums apart that only rounding tells apart', () => {
    // In thirds nothing is exact: without care each of 2^40 subsets would be a sum of its own.
    const groups = Array.from({ length: 40 }, (_, g) => pair((1 + (g % 7)) / 3, (1 + (g % 7)) / 3))
    expect(total(groups, chooseWithin(groups, 25)!).worth).toBeCloseTo(25, 9)
  })

  it('needs no more than the sums that could still win: 60 groups of 12 choices', () => {
    const random = seeded(1)
    const groups = Array.from({ length: 60 }, () =>
      Array.from({ length: 12 }, () => {
        const cost = random()
        return { worth: Math.sqrt(cost) + 0.3 * random(), cost }
      }),
    )
    const chosen = chooseWithin(groups, 15)!
    const found = total(groups, chosen)
    expect(found.cost).toBeLessThanOrEqual(15)
    // No exchange in one or two groups does better.
    for (const [g, one] of groups.entries()) {
      for (const first of one) {
        for (const [h, two] of groups.entries()) {
          if (h >= g) continue
          for (const second of two) {
            const [a, b] = [groups[g]![chosen[g]!]!, groups[h]![chosen[h]!]!]
            if (found.cost - a.cost - b.cost + first.cost + second.cost > 15) continue
            expect(first.worth + second.worth - a.worth - b.worth).toBeLessThan(1e-9)
          }
        }
      }
    }
  })
})
