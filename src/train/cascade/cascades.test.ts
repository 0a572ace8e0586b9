import { beforeAll, describe, expect, it } from 'vitest'
import { constant } from '../../../routers/estimators/constant.ts'
import { utility } from '../../../routers/planners/utility.ts'
import { makeQuery } from '../../embed/query.ts'
import type { Candidate } from '../../spec.ts'
import type { Decided } from '../decided.ts'
import { fitPolicy } from '../fit.ts'
import { hullOf, qualityAt } from '../metrics/hull.ts'
import type { CostQuality } from '../metrics/points.ts'
import { mean } from '../metrics/statistics.ts'
import type { OutcomeSet } from '../outcomes.ts'
import { toAsk } from '../queries.ts'
import { createRandom } from '../random.ts'
import { at, lambdaGrid } from '../rows.ts'
import { decideCascades } from './cascades.ts'

const ROWS = 700
const TEST = 250
/** USD per million tokens; every answer is 1000 tokens long. */
const PRICES = [1, 1.5, 20]
const CHANCES = [0.6, 0.65, 0.9]
const LETTERS = ['A', 'B', 'C', 'D']

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

/** Multiple choice: each candidate picks the right letter with its chance, else another; `telling`: its answer is that letter. */
function world(telling: boolean): OutcomeSet {
  const random = createRandom(1)
  const prompts = Array.from({ length: ROWS }, (_, i) => `Question ${i}?\nA) a\nB) b\nC) c\nD) d\nAnswer:`)
  const picks = prompts.map(() => {
    const right = Math.floor(4 * random())
    return CHANCES.map((chance) => {
      const wrong = (right + 1 + Math.floor(3 * random())) % 4
      return random() < chance ? { letter: right, quality: 1 } : { letter: wrong, quality: 0 }
    })
  })
  const cells = ROWS * candidates.length
  return {
    name: 'world',
    queries: prompts.map((prompt, i) => ({ id: `q${i}`, task: '', split: i < TEST ? 'test' : 'train', prompt })),
    candidates,
    quality: Float64Array.from(picks.flat(), ({ quality }) => quality),
    costUsd: Float64Array.from({ length: cells }, (_, cell) => PRICES[cell % 3]! / 1000),
    inputTokens: new Float64Array(cells),
    outputTokens: new Float64Array(cells).fill(1000),
    latencyMs: new Float64Array(cells).fill(Number.NaN),
    duplicates: [],
    sha256: 'a'.repeat(64),
    texts: picks.flat().map(({ letter }) => (telling ? LETTERS[letter]! : 'As you like.')),
  }
}

function decide(set: OutcomeSet): Decided[] {
  const rows = set.queries.map((_, row) => row)
  const part = { name: 'test', train: rows.slice(TEST), test: rows.slice(0, TEST) }
  const queries = new Map(rows.map((row) => [row, makeQuery(toAsk(set.queries[row]!.prompt), '', null)]))
  const { manifest, state, heldOut } = fitPolicy({
    set,
    rows: part.train,
    queries: part.train.map((row) => queries.get(row)!),
    family: constant,
    planner: utility,
    judge: utility.load({}),
    encoder: null,
    random: createRandom(1),
    createdAt: '',
  })
  const ids = manifest.candidates
  return decideCascades(set, part, {
    name: 'constant',
    policy: { estimator: constant.load(state, ids), guard: manifest.guard, candidates: ids },
    heldOut,
    queries,
    recorded: set,
    lambdas: lambdaGrid(set, part.train, { points: 12, reach: 5 }),
    seed: 1,
  })
}

const pointsOf = ({ settings }: Decided): CostQuality[] =>
  settings.map((setting) => {
    if (setting.kind === 'single') throw new Error('a cascade is no single choice')
    return { costUsd: mean(setting.outcomes.costs), quality: mean(setting.outcomes.qualities) }
  })
/** Quality that a share of the dear model's cost buys, and what mixing single models buys for it. */
const bought = (points: readonly CostQuality[], share: number) => qualityAt(hullOf(points), (share * PRICES[2]!) / 1000)
const mixed = (share: number) =>
  bought(
    CHANCES.map((quality, m) => ({ quality, costUsd: PRICES[m]! / 1000 })),
    share,
  )

describe('where answers tell who is right', () => {
  const told = world(true)
  let decided: Decided[]
  beforeAll(() => {
    decided = decide(told)
  })

  it('both cascades buy more than a mix of single models, and as much as they promised on training rows', () => {
    expect(decided.map(({ name }) => name)).toEqual(['constant · threshold cascade', 'constant · cascade routing'])
    for (const one of decided) {
      // Two cheap ones agree on 44 % of the queries and are right on 89 % of those.
      expect(bought(pointsOf(one), 0.7)).toBeGreaterThan(mixed(0.7) + 0.04)
      expect(bought(one.trained.points, 0.7)).toBeGreaterThan(mixed(0.7) + 0.04)
    }
  })

  it('every call is paid for as recorded', () => {
    for (const { settings } of decided) {
      for (const setting of settings) {
        if (setting.kind === 'single') throw new Error('a cascade is no single choice')
        for (const [row, asked] of setting.asked.entries()) {
          const { costs, qualities } = setting.outcomes
          expect(costs[row]).toBeCloseTo(
            asked.reduce((sum, m) => sum + at(told, told.costUsd, row, m), 0),
            12,
          )
          expect(asked.map((m) => at(told, told.quality, row, m))).toContain(qualities[row])
          expect(new Set(asked).size).toBe(asked.length)
          expect(asked.length).toBeGreaterThan(0)
          expect(asked.length).toBeLessThan(4)
        }
      }
    }
  })

  it('comes out the same a second time', () => {
    const strip = (all: readonly Decided[]) => all.map((one) => ({ ...one, microseconds: null }))
    expect(strip(decide(told))).toEqual(strip(decided))
  })
})

it('where answers tell nothing, nothing is gained and little is lost', () => {
  for (const one of decide(world(false))) {
    expect(bought(pointsOf(one), 0.7)).toBeLessThan(mixed(0.7) + 0.04)
    expect(bought(pointsOf(one), 0.7)).toBeGreaterThan(mixed(0.7) - 0.04)
  }
})

it('a missing answer is named', () => {
  const set = world(true)
  const texts = set.texts!.with(3 * (TEST + 7) + 1, null)
  expect(() => decide({ ...set, texts })).toThrow(`world has no answer of model-1 to q${TEST + 7}`)
})
