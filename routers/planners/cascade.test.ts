import { expect, it } from 'vitest'
import type { Cascade, Plan, Prediction } from '../../src/spec.ts'
import { testPlanner } from '../contract.ts'
import { queryOf, seeded } from '../fixtures.ts'
import { cascade } from './cascade.ts'
import { predictionOf } from './fixtures.ts'
import { utility } from './utility.ts'

const prompt = 'Which is right?\nA) a\nB) b\nC) c\nD) d\nAnswer:'
const LETTERS = ['A', 'B', 'C', 'D']
const CHANCES = [0.65, 0.65, 0.65, 0.95]
const COSTS = [0.0001, 0.00012, 0.00015, 0.01]

/** Three cheap candidates, wrong independently of each other, and a dear one that is hardly ever wrong. */
function world(count: number): Prediction[] {
  const random = seeded(5)
  return Array.from({ length: count }, () => {
    const right = Math.floor(4 * random())
    const picks = CHANCES.map((chance) => (random() < chance ? right : (right + 1 + Math.floor(3 * random())) % 4))
    return {
      ...predictionOf(CHANCES, COSTS),
      quality: Float64Array.from(picks, (pick) => (pick === right ? 1 : 0)),
      recorded: { prompt, answers: picks.map((pick) => LETTERS[pick]!) },
    }
  })
}

const predictions = world(800)
const params = cascade.fit!(predictions, {})
const planner = cascade.load(JSON.parse(JSON.stringify(params)))
const { candidates, priced } = predictions[0]!
const query = { ...queryOf(seeded(1)), text: prompt }
const plan = (lambda: number, pool = candidates, of = priced) =>
  planner.plan(query, pool, of, { lambda, limits: {} }, () => 0.5)

function asCascade(one: Plan): Cascade {
  if (one.kind !== 'cascade') throw new Error('not a cascade')
  return one
}

testPlanner(planner)

it('says what to do where answers are not recorded', () => {
  const bare = predictions.map(({ recorded: _, ...rest }) => rest)
  expect(() => cascade.fit!(bare, {})).toThrow(/Train on data with recorded answers, or with another planner/)
})

it('never asks whom it did not learn of', () => {
  const stranger = { ...candidates[0]!, id: 'stranger' }
  const pool = [stranger, ...candidates.toReversed()]
  const turned = (values: Float64Array, own: number) => Float64Array.of(own, ...values.toReversed())
  const wide = {
    ...priced,
    quality: turned(priced.quality, 0.5),
    outputTokens: turned(priced.outputTokens, 100),
    costUsd: turned(priced.costUsd, 0.00011),
  }
  const one = asCascade(plan(10, pool, wide))
  const answers = [{ arm: 4, text: 'A', outputTokens: 100 }]
  expect(one.judge(answers, [0, 1, 2, 3])).toMatchObject({ kind: 'ask' })
  expect(one.judge(answers, [1])).toMatchObject({ kind: 'ask', arm: 1 })
  expect(one.judge(answers, [0])).toMatchObject({ kind: 'accept', arm: 4 })
  const stoodIn = { arm: 0, text: 'B', outputTokens: 100 }
  expect(one.judge([stoodIn], [1, 2, 3, 4])).toMatchObject({ kind: 'accept', arm: 0, chance: 0.5 })
  expect(plan(10, pool.slice(0, 1), wide)).toMatchObject({ kind: 'single', arm: 0 })
})

it('is refused where its parameters are damaged', () => {
  expect(() => cascade.load({})).toThrow(RangeError)
  expect(() => cascade.load({ ...params, acceptance: 1 })).toThrow(RangeError)
})

it.each(['n', 'audio'] as const)('stands aside where a request requires %s, and says so', (capability) => {
  const more = { ...query, requires: new Set(['tools', capability] as const) }
  const { kind, arm, reason } = planner.plan(more, candidates, priced, { lambda: 10, limits: {} }, () => 0.5)
  expect(kind).toBe('single')
  expect(arm).toBe(utility.load({}).plan(more, candidates, priced, { lambda: 10, limits: {} }, () => 0.5).arm)
  expect(reason).toContain(`requires ${capability}`)
  expect(
    planner.plan(
      { ...query, requires: new Set(['tools', 'vision']) },
      candidates,
      priced,
      { lambda: 10, limits: {} },
      () => 0.5,
    ).kind,
  ).toBe('cascade')
})
