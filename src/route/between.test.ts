import { describe, expect, it } from 'vitest'
import type { Estimator, Planner } from '../spec.ts'
import { decideBetween } from './between.ts'
import { type DecideInput, decide, type RoutePolicy } from './decide.ts'
import { costing, query } from './fixture.ts'

const pool = [costing('small', 0.001), costing('middle', 0.002), costing('large', 0.004)]
const ids = pool.map(({ id }) => id)

/** Draws by fixed chances, among those that are feasible. */
function policyWith(chances: Readonly<Record<string, number>>, rest: { quality?: number[]; kind?: 'cascade' } = {}) {
  const quality = rest.quality ?? [0.5, 0.6, 0.7]
  const estimator: Estimator = {
    name: 'fixed',
    estimate: (_, candidates) => ({
      quality: Float64Array.from(candidates, ({ id }) => quality[ids.indexOf(id)]!),
      qualityStd: new Float64Array(candidates.length),
      outputTokens: new Float64Array(candidates.length).fill(300),
      support: 1,
    }),
  }
  const planner: Planner = {
    name: 'fixed',
    plan(_query, candidates, _priced, _preference, random) {
      const own = candidates.map(({ id }) => chances[id] ?? 0)
      const total = own.reduce((sum, chance) => sum + chance, 0)
      const normal = own.map((chance) => chance / total)
      const at = random()
      const arm = normal.findIndex((_, m) => at < normal.slice(0, m + 1).reduce((sum, chance) => sum + chance, 0))
      const planned = {
        arm,
        propensity: normal[arm]!,
        chances: normal,
        alternates: [],
        explored: false,
        reason: 'drawn',
      }
      if (rest.kind === undefined) return { kind: 'single', ...planned }
      const judge = () => ({ kind: 'accept', arm, chance: 1, reason: '' }) as const
      return { kind: 'cascade', ...planned, maxLatencyMs: 1, judge }
    },
  }
  const guard = { shrink: 1, minSupport: 0, quality: quality, outputTokens: [300, 300, 300], evidence: {} }
  return { estimator, planner, guard, candidates: ids } satisfies RoutePolicy
}

const usual = policyWith({ small: 0.8, middle: 0.2 })
const tried = policyWith({ middle: 0.5, large: 0.5 })
const SHARE = 0.25

/** The next values that are asked for. */
function input(values: readonly number[], limits: DecideInput['preference']['limits'] = {}) {
  let next = 0
  return { query: query(), candidates: pool, preference: { lambda: 1, limits }, random: () => values[next++] ?? 0.5 }
}

describe('between a canary and what serves', () => {
  const between = { incumbent: usual, canary: tried, share: SHARE }

  it('the coin says who decides, and the chances are those of both', () => {
    const chances = [0.75 * 0.8, 0.75 * 0.2 + 0.25 * 0.5, 0.25 * 0.5]
    for (const [coin, by, arm] of [
      [0.1, 'canary', 'middle'],
      [0.9, 'incumbent', 'small'],
    ] as const) {
      const drawn = decideBetween(between, input([coin, 0.1]))
      expect([drawn.by, drawn.candidates[drawn.plan.arm]!.id]).toEqual([by, arm])
      expect(drawn.considered.candidates).toEqual(ids)
      expect(drawn.plan.reason.includes('tried on 25 % of the requests')).toBe(by === 'canary')
      for (const [m, chance] of chances.entries()) expect(drawn.considered.chances[m]).toBeCloseTo(chance, 12)
      expect(drawn.plan.propensity).toBeCloseTo(chances[ids.indexOf(arm)]!, 12)
    }
  })

  it('asks each candidate as often as the log says', () => {
    const counts = new Map<string, number>()
    // Every combination of the coin and the draw, evenly.
    for (let coin = 0; coin < 100; coin++) {
      for (let draw = 0; draw < 100; draw++) {
        const { candidates, plan } = decideBetween(between, input([(coin + 0.5) / 100, (draw + 0.5) / 100]))
        const { id } = candidates[plan.arm]!
        counts.set(id, (counts.get(id) ?? 0) + 1)
      }
    }
    expect(counts).toEqual(
      new Map([
        ['middle', 2750],
        ['large', 1250],
        ['small', 6000],
      ]),
    )
  })

  it('logs the chance of one whom only the other holds feasible', () => {
    const limits = { minQuality: 0.55 }
    // To the canary `small` is good enough.
    const canary = policyWith({ small: 1 }, { quality: [0.9, 0.6, 0.7] })
    const usual = policyWith({ middle: 0.5, large: 0.5 })
    const { by, plan, candidates, considered } = decideBetween(
      { incumbent: usual, canary, share: SHARE },
      input([0.9, 0.1], limits),
    )
    expect([by, candidates.map(({ id }) => id)]).toEqual(['incumbent', ['middle', 'large']])
    expect(considered.candidates).toEqual(['middle', 'large', 'small'])
    expect(considered.chances).toEqual([0.375, 0.375, 0.25])
    expect(considered.quality).toEqual([0.6, 0.7, 0.9])
    expect(plan.propensity).toBe(0.375)
  })

  it('where only one of them finds a candidate it decides, for sure', () => {
    const limits = { minQuality: 0.8 }
    const able = policyWith({ large: 1 }, { quality: [0.1, 0.2, 0.9] })
    for (const coin of [0.1, 0.9]) {
      const drawn = decideBetween({ incumbent: able, canary: tried, share: SHARE }, input([coin], limits))
      expect([drawn.by, drawn.plan.propensity, drawn.considered.chances]).toEqual(['incumbent', 1, [1]])
    }
    expect(() => decideBetween(between, input([0.1], limits))).toThrow(/no candidate|candidate/i)
  })

  it('with a cascade on one side the chances are those of the one that was drawn', () => {
    const canary = policyWith({ large: 1 }, { kind: 'cascade' })
    const cascade = decideBetween({ incumbent: usual, canary, share: SHARE }, input([0.1]))
    expect([cascade.plan.kind, cascade.considered.chances]).toEqual(['cascade', [0, 0, 1]])
    const single = decideBetween({ incumbent: usual, canary, share: SHARE }, input([0.9, 0.1]))
    expect([single.plan.kind, single.considered.chances]).toEqual(['single', [0.8, 0.2, 0]])
    const both = decideBetween(
      { incumbent: policyWith({ small: 1 }, { kind: 'cascade' }), canary, share: SHARE },
      input([0.1]),
    )
    expect(both.considered.chances).toEqual([0.75, 0, 0.25])
  })

  it('decides as `decide` does once it is drawn', () => {
    const alone = decide({ ...input([0.1]), policy: usual })
    const { by, ...drawn } = decideBetween(between, input([0.9, 0.1]))
    expect(by).toBe('incumbent')
    expect({ ...drawn.plan, chances: [], propensity: 0 }).toEqual({ ...alone.plan, chances: [], propensity: 0 })
    expect({ ...drawn.considered, chances: [] }).toEqual({ ...alone.considered, chances: [] })
  })
})
