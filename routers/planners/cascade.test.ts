import { describe, expect, it } from 'vitest'
import type { Cascade, Plan, Planner, Prediction, StepAnswer } from '../../src/spec.ts'
import { testPlanner } from '../contract.ts'
import { queryOf, seeded } from '../fixtures.ts'
import { cascade } from './cascade.ts'
import { predictionOf } from './fixtures.ts'

const promptOf = (i: number) => `Question ${i}?\nA) a\nB) b\nC) c\nD) d\nAnswer:`
const LETTERS = ['A', 'B', 'C', 'D']
const CHANCES = [0.7, 0.7, 0.4, 0.95]
const COSTS = [0.0001, 0.00012, 0.00015, 0.01]

/** Two cheap candidates, wrong independently of each other, a bad one, and a dear one that is hardly ever wrong. `telling`: answers are what they picked. */
function world(count: number, telling: boolean): Prediction[] {
  const random = seeded(5)
  return Array.from({ length: count }, (_, i) => {
    const right = Math.floor(4 * random())
    const picks = CHANCES.map((chance) => (random() < chance ? right : (right + 1 + Math.floor(3 * random())) % 4))
    return {
      ...predictionOf(CHANCES, COSTS),
      quality: Float64Array.from(picks, (pick) => (pick === right ? 1 : 0)),
      recorded: {
        prompt: promptOf(i),
        answers: picks.map((pick) => LETTERS[telling ? pick : Math.floor(4 * random())]!),
      },
    }
  })
}

const predictions = world(800, true)
const params = cascade.fit!(predictions, {})
const planner = cascade.load(JSON.parse(JSON.stringify(params)))
const { candidates, priced } = predictions[0]!
const query = { ...queryOf(seeded(1)), text: promptOf(0) }
/** At which the dear one costs 0.3, more than the quarter by which it is better than a cheap one. */
const LAMBDA = 30
const say = (...said: [arm: number, text: string][]): StepAnswer[] =>
  said.map(([arm, text]) => ({ arm, text, outputTokens: 1, logprob: null }))

function plan(of: Planner, { lambda = LAMBDA, pool = candidates, maxCostUsd = 1 } = {}): Plan {
  const columns = pool.map(({ id }) => candidates.findIndex((one) => one.id === id))
  const pick = (values: Float64Array, stranger: number) => Float64Array.from(columns, (m) => values[m] ?? stranger)
  const own = {
    ...priced,
    quality: pick(priced.quality, 0.5),
    qualityStd: pick(priced.qualityStd, 0.1),
    outputTokens: pick(priced.outputTokens, 100),
    costUsd: pick(priced.costUsd, 0.0001),
  }
  return of.plan(query, pool, own, { lambda, limits: { maxCostUsd } }, () => 0.5)
}

function asCascade(one: Plan): Cascade & Plan {
  if (one.kind !== 'cascade') throw new Error(`not a cascade: ${one.reason}`)
  return one
}

testPlanner(planner)
testPlanner(cascade.load(JSON.parse(JSON.stringify(cascade.fit!(predictions, { maxSteps: 1 })))))

describe('a cascade', () => {
  it('has two cheap ones check each other, and a dear one where they differ', () => {
    const one = asCascade(plan(planner))
    expect(one).toMatchObject({ arm: 0, propensity: 1, maxLatencyMs: 30_000 })
    expect(one.judge(say([0, 'A']), [1, 2, 3])).toMatchObject({ kind: 'ask', arm: 1 })
    const agreed = one.judge(say([0, 'A'], [1, 'A) a']), [2, 3])
    expect(agreed).toMatchObject({ kind: 'accept', arm: 1 })
    // Both right 0.49, both wrong in the same way 0.03.
    expect(agreed).toHaveProperty('chance', expect.closeTo(0.49 / 0.52, 1))
    expect(one.judge(say([0, 'A'], [1, 'B']), [2, 3])).toMatchObject({ kind: 'ask', arm: 3 })
    expect(one.judge(say([0, 'A'], [1, 'B'], [3, 'B']), [2])).toMatchObject({ kind: 'accept', arm: 3 })
  })

  it('asks nobody who is not open, and accepts what there is', () => {
    const one = asCascade(plan(planner))
    expect(one.judge(say([0, 'A']), [2, 3])).toMatchObject({ kind: 'accept', arm: 0 })
    expect(one.judge(say([1, 'A']), [2, 3])).toMatchObject({ kind: 'accept', arm: 1 })
    const differ = one.judge(say([0, 'A'], [1, 'B']), [])
    expect(differ.kind).toBe('accept')
    expect([0, 1]).toContain(differ.arm)
  })

  it('stands aside where money hardly counts, or is all that counts', () => {
    expect(plan(planner, { lambda: 0 })).toMatchObject({ kind: 'single', arm: 3 })
    expect(plan(planner, { lambda: Number.POSITIVE_INFINITY })).toMatchObject({ kind: 'single', arm: 0 })
  })

  it('finds its candidates in any order, and never asks a stranger', () => {
    const stranger = { ...candidates[0]!, id: 'stranger' }
    const one = asCascade(plan(planner, { pool: [stranger, ...candidates.toReversed()] }))
    expect(one.arm).toBe(4)
    expect(one.judge(say([4, 'A']), [0, 1, 2, 3])).toMatchObject({ kind: 'ask', arm: 3 })
    expect(one.judge(say([4, 'A'], [3, 'B']), [0, 1, 2])).toMatchObject({ kind: 'ask', arm: 1 })
    expect(one.judge(say([4, 'A'], [3, 'B']), [0]).kind).toBe('accept')
    expect(plan(planner, { pool: [stranger] })).toMatchObject({ kind: 'single', arm: 0 })
    expect(plan(planner, { pool: candidates.slice(3) })).toMatchObject({ kind: 'single' })
  })

  it('keeps both together within what a request may cost', () => {
    expect(plan(planner, { maxCostUsd: 0.00021 }).kind).toBe('single')
    expect(plan(planner, { maxCostUsd: 0.00023 }).kind).toBe('cascade')
  })

  it('is routing where answers tell nothing', () => {
    const deaf = cascade.load(cascade.fit!(world(800, false), {}))
    for (const lambda of [1, 10, LAMBDA, 100]) expect(plan(deaf, { lambda }).kind).toBe('single')
  })

  it('of two steps never asks a third', () => {
    const two = plan(cascade.load(cascade.fit!(predictions, { maxSteps: 2 })))
    if (two.kind === 'cascade') expect(two.judge(say([0, 'A'], [1, 'B']), [2, 3]).kind).toBe('accept')
  })
})

it('says what to do where answers are not recorded', () => {
  const bare = predictions.map(({ recorded: _, ...rest }) => rest)
  expect(() => cascade.fit!(bare, {})).toThrow(/Train on data with recorded answers, or with another planner/)
})

it('is refused where its parameters are damaged', () => {
  expect(() => cascade.load({})).toThrow(RangeError)
  for (const name of Object.keys(params))
    expect(() => cascade.load({ ...params, [name]: [[null]] })).toThrow(RangeError)
})
