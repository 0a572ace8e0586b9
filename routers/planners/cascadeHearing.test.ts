/** A cascade that hears how sure candidates are of their words, on worlds in which that tells right from wrong and agreement tells nothing. */
import { describe, expect, it } from 'vitest'
import type { Candidate, JsonObject, Plan, Planner, Prediction, StepAnswer } from '../../src/spec.ts'
import { walkPlan } from '../../src/train/cascade/walkPlan.ts'
import { queryOf, seeded } from '../fixtures.ts'
import { cascade } from './cascade.ts'
import { predictionOf } from './fixtures.ts'

const CHANCES = [0.5, 0.5, 0.95]
const COSTS = [0.0001, 0.00012, 0.01]
/** At which the dear one costs 0.3: it alone is worth 0.65, a cheap one 0.5. */
const LAMBDA = 30
const promptOf = (i: number) => `Question ${i}?\nA) a\nB) b\nAnswer:`
const query = { ...queryOf(seeded(1)), text: promptOf(0) }

interface Recorded extends Prediction {
  readonly recorded: { readonly prompt: string; readonly answers: readonly string[]; readonly logprobs: Float64Array }
}

/**
 * Of two options, so that two cheap ones that are right half the time agree as often in the wrong as in the right: by agreement alone nothing is known. Each
 * knows how sure it may be: of nineteen in twenty, or of one.
 */
function world(count: number, seed: number): Recorded[] {
  const random = seeded(seed)
  return Array.from({ length: count }, (_, i) => {
    const right = Math.floor(2 * random())
    const chances = CHANCES.map((chance) => (chance > 0.5 ? chance : random() < 0.5 ? 0.95 : 0.05))
    const picks = chances.map((chance) => (random() < chance ? right : 1 - right))
    const { candidates, ...rest } = predictionOf(CHANCES, COSTS)
    return {
      ...rest,
      candidates: candidates.map((one): Candidate => ({ ...one, capabilities: new Set(['logprobs']) })),
      quality: Float64Array.from(picks, (pick) => (pick === right ? 1 : 0)),
      recorded: {
        prompt: promptOf(i),
        answers: picks.map((pick) => 'AB'[pick]!),
        logprobs: Float64Array.from(chances, (chance, m) => (m === 2 ? Number.NaN : Math.log(chance))),
      },
    }
  })
}

const silent = ({ recorded: { prompt, answers }, ...rest }: Recorded): Prediction => ({
  ...rest,
  recorded: { prompt, answers },
})

const train = world(800, 5)
const params = cascade.fit!(train, {})
const deafParams = cascade.fit!(train.map(silent), {})
const load = (from: JsonObject) => cascade.load(JSON.parse(JSON.stringify(from)))
const hearing = load(params)
const { candidates, priced } = train[0]!

function plan(planner: Planner, pool: readonly Candidate[] = candidates): Plan {
  return planner.plan(query, pool, priced, { lambda: LAMBDA, limits: {} }, () => 0.5)
}

function asCascade(one: Plan) {
  if (one.kind !== 'cascade') throw new Error(`not a cascade: ${one.reason}`)
  return one
}

const say = (...said: [text: string, chance: number | null][]): StepAnswer[] =>
  said.map(([text, chance], arm) => ({
    arm,
    text,
    outputTokens: 1,
    logprob: chance === null ? null : Math.log(chance),
  }))

describe('where recorded answers say how sure they were', () => {
  it('the cascade is worth more than any other on prompts that were not learned from', () => {
    const test = world(2000, 6)
    const worthOf = (planner: Planner) =>
      test.reduce((sum, { spentUsd, quality, recorded }) => {
        const one = plan(planner)
        const answerOf = (arm: number) => {
          const logprob = recorded.logprobs[arm]!
          return { text: recorded.answers[arm]!, outputTokens: 1, logprob: Number.isNaN(logprob) ? null : logprob }
        }
        const { asked, answer } =
          one.kind === 'cascade' ? walkPlan(one, answerOf) : { asked: [one.arm], answer: one.arm }
        return sum + quality[answer]! - LAMBDA * asked.reduce((usd, arm) => usd + spentUsd[arm]!, 0)
      }, 0) / test.length
    // The dear one alone.
    expect(plan(load(deafParams))).toMatchObject({ kind: 'single', arm: 2 })
    expect(worthOf(load(deafParams))).toBeCloseTo(0.65, 1)
    // One of the two is sure in three of four: 0.75 · 0.95 + 0.25 · 0.65 − 0.0066.
    expect(worthOf(hearing)).toBeGreaterThan(0.82)
    expect(worthOf(hearing)).toBeLessThan(0.92)
  })

  it('believes the one who is sure, asks a third where neither is, also where they agree', () => {
    const one = asCascade(plan(hearing))
    expect(one.logprobs).toEqual([0, 1])
    expect(one.judge(say(['A', 0.95]), [1, 2])).toMatchObject({ kind: 'ask', arm: 1 })
    for (const [sure, unsure] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const chances = [0.05, 0.05].with(sure, 0.95)
      const differ = one.judge(say(['A', chances[0]!], ['B', chances[1]!]), [2])
      expect(differ).toMatchObject({ kind: 'accept', arm: sure })
      expect(differ.arm).not.toBe(unsure)
      expect(differ).toHaveProperty('chance', expect.closeTo(0.997, 1))
    }
    const both = one.judge(say(['A', 0.95], ['A', 0.95]), [2])
    expect(both).toMatchObject({ kind: 'accept', reason: expect.stringContaining('they agree') })
    const neither = one.judge(say(['A', 0.05], ['A', 0.05]), [2])
    expect(neither).toMatchObject({ kind: 'ask', arm: 2, reason: expect.stringContaining('they agree') })
    const third = one.judge([...say(['A', 0.05], ['A', 0.05], ['B', null])], [])
    expect(third).toMatchObject({ kind: 'accept', arm: 2 })
    expect(one.judge(say(['A', 0.05], ['A', 0.05]), []).kind).toBe('accept')
  })

  it('an answer that does not say so is judged by the regressions without it', () => {
    const one = asCascade(plan(hearing))
    const agreed = one.judge(say(['A', null], ['A', 0.05]), [2])
    // What is right where they agree is as good as a coin.
    expect(agreed).toMatchObject({ kind: 'accept', arm: 1, chance: expect.closeTo(0.5, 1) })
    expect(one.judge(say(['A', 0.95], ['B', null]), [2])).toMatchObject({ kind: 'ask', arm: 2 })
  })
})

describe('what was learned without', () => {
  it('is the same to the last digit, whether the field is absent, empty or full', () => {
    const { hearing: heard, ...rest } = params
    expect(heard).toBeDefined()
    expect(JSON.stringify(rest)).toBe(JSON.stringify(deafParams))
    const empty = train.map((one) => ({
      ...one,
      recorded: { ...one.recorded, logprobs: new Float64Array(3).fill(Number.NaN) },
    }))
    expect(JSON.stringify(cascade.fit!(empty, {}))).toBe(JSON.stringify(deafParams))
  })

  it('serves requests whose candidates cannot say how sure they are', () => {
    const mute = candidates.map((one): Candidate => ({ ...one, capabilities: new Set() }))
    expect(plan(hearing, mute)).toEqual(plan(load(deafParams), mute))
    // The third is not listened to.
    expect(plan(hearing, [candidates[0]!, candidates[1]!, mute[2]!]).kind).toBe('cascade')
  })

  it('is all there is where too few answers say so', () => {
    const few = train.map((one, i) => (i < 40 ? one : silent(one)))
    expect(cascade.fit!(few, {})).toEqual(deafParams)
  })
})

it('costs next to nothing where how sure they are tells nothing', () => {
  const random = seeded(7)
  const noise = (one: Recorded): Recorded => ({
    ...one,
    quality: one.quality.map((_, m) => (random() < CHANCES[m]! ? 1 : 0)),
    recorded: { ...one.recorded, logprobs: one.recorded.logprobs.map((value) => (value < 0 ? -3 * random() : value)) },
  })
  const planner = load(cascade.fit!(world(800, 8).map(noise), {}))
  expect(plan(planner)).toMatchObject({ kind: 'single', arm: 2 })
})

it('is refused where it is damaged', () => {
  const { hearing: heard } = JSON.parse(JSON.stringify(params))
  const [check] = heard.checks
  const damaged = [
    [],
    { ...heard, proven: 1 },
    { ...heard, checks: [{ ...check, members: [0, 9] }] },
    { ...heard, checks: [{ ...check, sure: {} }] },
    { ...heard, checks: [{ ...check, sure: { agree: null, differ: { ...check.sure.differ, seen: [[1]] } } }] },
    { ...heard, checks: [{ ...check, sure: { agree: null, differ: { ...check.sure.differ, weights: [] } } }] },
  ]
  for (const one of damaged) expect(() => cascade.load({ ...params, hearing: one })).toThrow(RangeError)
  expect(() => cascade.load({ ...params, hearing: heard })).not.toThrow()
})
