import { expect, it } from 'vitest'
import { constant } from '../../../routers/estimators/constant.ts'
import { cascade } from '../../../routers/planners/cascade.ts'
import { utility } from '../../../routers/planners/utility.ts'
import { makeQuery } from '../../embed/query.ts'
import type { Candidate } from '../../spec.ts'
import { fitPolicy } from '../fit.ts'
import type { OutcomeSet } from '../outcomes.ts'
import { toAsk } from '../queries.ts'
import { createRandom } from '../random.ts'
import { answeredRows, decidePlanned } from './planned.ts'

const [ROWS, TEST] = [500, 150]
/** USD per million tokens; every answer is 1000 tokens long. */
const PRICES = [1, 1.5, 20]
const CHANCES = [0.7, 0.75, 0.95]
const LAMBDAS = [0, 15, 1000]

const candidates = PRICES.map(
  (price, m): Candidate => ({
    id: `model-${m}`,
    provider: 'replay',
    model: `model-${m}`,
    wire: 'openai',
    price: { inputPerMTok: 0, outputPerMTok: price },
    contextWindow: 1e6,
    capabilities: new Set(),
    tags: [],
  }),
)
const random = createRandom(4)
const prompts = Array.from({ length: ROWS }, (_, i) => `Question ${i}?\nA) a\nB) b\nC) c\nD) d\nAnswer:`)
const picks = prompts.flatMap(() => {
  const right = Math.floor(4 * random())
  return CHANCES.map((chance) => {
    const pick = random() < chance ? right : (right + 1 + Math.floor(3 * random())) % 4
    return { letter: 'ABCD'[pick]!, quality: pick === right ? 1 : 0 }
  })
})
const set: OutcomeSet = {
  name: 'world',
  queries: prompts.map((prompt, i) => ({ id: `q${i}`, task: '', split: i < TEST ? 'test' : 'train', prompt })),
  candidates,
  quality: Float64Array.from(picks, ({ quality }) => quality),
  costUsd: Float64Array.from(picks, (_, cell) => PRICES[cell % 3]! / 1000),
  inputTokens: new Float64Array(3 * ROWS),
  outputTokens: new Float64Array(3 * ROWS).fill(1000),
  latencyMs: new Float64Array(3 * ROWS).fill(Number.NaN),
  texts: picks.map(({ letter }) => letter),
  duplicates: [],
  sha256: 'a'.repeat(64),
}
const rows = prompts.map((_, row) => row)
const part = { name: 'test', train: rows.slice(TEST), test: rows.slice(0, TEST) }
const queries = new Map(rows.map((row) => [row, makeQuery(toAsk(prompts[row]!), prompts[row]!, null)]))
const { manifest, state, heldOut } = fitPolicy({
  set,
  rows: part.train,
  queries: part.train.map((row) => queries.get(row)!),
  family: constant,
  planner: cascade,
  judge: utility.load({}),
  encoder: null,
  random: createRandom(1),
  createdAt: '',
})
const options = {
  name: 'constant · cascade',
  policy: {
    estimator: constant.load(state, manifest.candidates),
    planner: cascade.load(manifest.planner.options),
    guard: manifest.guard,
    candidates: manifest.candidates,
  },
  family: cascade,
  plannerOptions: {},
  heldOut,
  queries,
  recorded: set,
  lambdas: LAMBDAS,
  seed: 1,
}

it('pays for every call and earns the answer that the plan returns', () => {
  const [dear, middle, cheap] = decidePlanned(set, part, options).settings
  if (dear?.kind !== 'sequence' || middle?.kind !== 'sequence' || cheap?.kind !== 'sequence')
    throw new Error('no calls')
  expect(dear.asked.every((asked) => asked.join() === '2')).toBe(true)
  expect(cheap.asked.every((asked) => asked.join() === '0')).toBe(true)
  for (const [row, asked] of middle.asked.entries()) {
    const [first, second] = [0, 1].map((m) => picks[3 * row + m]!)
    const agreed = first!.letter === second!.letter
    expect(asked).toEqual(agreed ? [0, 1] : [0, 1, 2])
    expect(middle.outcomes.costs[row]).toBeCloseTo(agreed ? 0.0025 : 0.0225, 12)
    expect(middle.outcomes.qualities[row]).toBe(agreed ? second!.quality : picks[3 * row + 2]!.quality)
  }
})

it('names the answer that is missing, and knows the rows that lack none', () => {
  const recorded = { ...set, texts: set.texts!.with(3 * 7, null) }
  expect(answeredRows(recorded, [6, 7, 8])).toEqual([6, 8])
  expect(answeredRows({ ...set, texts: undefined! }, [6])).toEqual([])
  expect(() => decidePlanned(set, part, { ...options, recorded })).toThrow('world has no answer of model-0 to q7')
})
