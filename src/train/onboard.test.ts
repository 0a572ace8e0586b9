import { describe, expect, it } from 'vitest'
import { cluster } from '../../routers/estimators/cluster.ts'
import { linear } from '../../routers/estimators/linear.ts'
import { balance } from '../../routers/planners/balance.ts'
import { utility } from '../../routers/planners/utility.ts'
import { decodePolicy, encodePolicy } from '../policy/file.ts'
import type { EstimatorFamily, PlannerFamily } from '../spec.ts'
import { fitPolicy } from './fit.ts'
import { recordedCandidate } from './fixtures.ts'
import { gradedRows, onboard } from './onboard.ts'
import type { OutcomeSet } from './outcomes.ts'
import { toQueries } from './queries.ts'
import { createRandom } from './random.ts'

const CREATED = '2026-01-01T00:00:00.000Z'
/** Chance of a right answer on sums and on poems, and output tokens. */
const MODELS = { counter: [0.9, 0.2, 20], poet: [0.2, 0.9, 400], newcomer: [0.8, 0.6, 100] } as const
type Model = keyof typeof MODELS

const isPoem = (row: number) => row % 2 === 1
const promptOf = (row: number) =>
  isPoem(row) ? `Write a poem about the moon\nover field number ${row}` : `What is ${row} + ${3 * row} * 4?`

function outcomesOf(models: readonly Model[], count: number, seed: number): OutcomeSet {
  const random = createRandom(seed)
  const rows = Array.from({ length: count }, (_, row) => row)
  const cells = rows.flatMap((row) => models.map((model) => ({ row, chances: MODELS[model] })))
  const fill = (value: number) => new Float64Array(cells.length).fill(value)
  return {
    name: models.join(' and '),
    queries: rows.map((row) => ({ id: `q${row}`, task: '', split: 'train', prompt: promptOf(row) })),
    candidates: models.map(recordedCandidate),
    quality: Float64Array.from(cells, ({ row, chances }) => Number(random() < chances[isPoem(row) ? 1 : 0])),
    outputTokens: Float64Array.from(cells, ({ chances }) => chances[2]),
    costUsd: fill(0.001),
    inputTokens: fill(10),
    latencyMs: fill(Number.NaN),
    duplicates: [],
    sha256: 'a'.repeat(64),
  }
}

const queriesOf = (set: OutcomeSet, rows: readonly number[]) =>
  toQueries(
    rows.map((row) => set.queries[row]!.prompt),
    { encoder: null, cacheDir: '' },
  )

async function trained<Options extends object>(
  family: EstimatorFamily<Options>,
  planner: PlannerFamily = utility,
  plannerOptions = {},
) {
  const set = outcomesOf(['counter', 'poet'], 300, 1)
  const rows = [...set.queries.keys()]
  const fitted = fitPolicy({
    set,
    rows,
    queries: await queriesOf(set, rows),
    family,
    planner,
    plannerOptions,
    judge: utility.load({}),
    encoder: null,
    random: createRandom(1),
    createdAt: CREATED,
    folds: 2,
  })
  return decodePolicy(encodePolicy(fitted.manifest, fitted.state))
}

const graded = outcomesOf(['counter', 'newcomer'], 200, 2)
const rows = gradedRows(graded, 'newcomer', [...graded.queries.keys()])
const common = { planner: utility, set: graded, candidate: 'newcomer', rows, createdAt: CREATED }
const queries = await queriesOf(graded, rows)
const small: typeof cluster = { ...cluster, defaults: { ...cluster.defaults, clusters: [2, 4], restarts: 1 } }
const policy = await trained(small)

describe('a policy with one candidate more', () => {
  const { manifest, state } = onboard({ ...common, policy, estimator: cluster, queries })

  it('predicts where the newcomer is good, and says of the others what it said', async () => {
    const read = await decodePolicy(encodePolicy(manifest, state))
    const [before, after] = [policy, read].map((one) => cluster.load(one.state, one.manifest.candidates))
    const { candidates } = outcomesOf(['counter', 'poet', 'newcomer'], 1, 1)
    for (const [i, query] of (await queriesOf(graded, [150, 151])).entries()) {
      const { quality, outputTokens } = after!.estimate(query, candidates)
      expect(Math.abs(quality[2]! - MODELS.newcomer[i]!)).toBeLessThan(0.12)
      expect(outputTokens[2]! / 100).toBeCloseTo(1, 1)
      expect(quality.slice(0, 2)).toEqual(before!.estimate(query, candidates.slice(0, 2)).quality)
    }
  })

  it('has the newcomer in its guard, and says where it comes from', () => {
    expect(manifest.candidates).toEqual(['counter', 'poet', 'newcomer'])
    const right = rows.filter((row) => graded.quality[row * 2 + 1] === 1).length
    expect(manifest.guard).toEqual({
      ...policy.manifest.guard,
      quality: [...policy.manifest.guard.quality, right / 200],
      outputTokens: [...policy.manifest.guard.outputTokens, 100],
    })
    expect(manifest.parent).toBe(policy.id)
    expect(manifest.trainedOn).toEqual(policy.manifest.trainedOn)
    const { sha256, name: source } = graded
    expect(manifest.onboarded).toEqual([{ candidate: 'newcomer', source, rows: 200, sha256, createdAt: CREATED }])
  })

  it('takes another one after it, but not the same again', async () => {
    const next = await decodePolicy(encodePolicy(manifest, state))
    expect(() => onboard({ ...common, policy: next, estimator: cluster, queries })).toThrow(/'newcomer' already/)
    const renamed = graded.candidates.map((candidate) => ({ ...candidate, id: `other ${candidate.id}` }))
    const set = { ...graded, candidates: renamed }
    const third = onboard({ ...common, policy: next, estimator: cluster, queries, set, candidate: 'other newcomer' })
    expect(third.manifest.onboarded!.map(({ candidate }) => candidate)).toEqual(['newcomer', 'other newcomer'])
    expect(third.manifest.guard.quality).toHaveLength(4)
  })
})

it('takes the others’ mean length where the newcomer’s is not known', () => {
  const set = { ...graded, outputTokens: graded.outputTokens.map(() => Number.NaN) }
  const { guard } = onboard({ ...common, policy, estimator: cluster, queries, set }).manifest
  expect(guard.outputTokens[2]).toBe((guard.outputTokens[0]! + guard.outputTokens[1]!) / 2)
})

it('refuses what needs a new fit, and says so', async () => {
  const other = await trained(linear)
  expect(() => onboard({ ...common, policy: other, estimator: linear, queries })).toThrow(
    /linear takes no candidate without a new fit\. Train again/,
  )
  const shared = await trained(small, balance, { quotas: { poet: 0.5 } })
  expect(() => onboard({ ...common, policy: shared, estimator: cluster, planner: balance, queries })).toThrow(
    /planner balance was fitted to the candidates that there were/,
  )
})

it('draws from the rows that are graded', () => {
  const quality = graded.quality.map((value, at) => (at < 100 ? Number.NaN : value))
  const partial = { ...graded, quality }
  const all = gradedRows(partial, 'newcomer', [...graded.queries.keys()])
  expect(all).toEqual(Array.from({ length: 150 }, (_, i) => i + 50))
  const some = gradedRows(partial, 'newcomer', [...graded.queries.keys()], 40)
  expect(some).toHaveLength(40)
  expect(all).toEqual(expect.arrayContaining(some))
  expect(() => gradedRows(partial, 'newcomer', [0, 1, 2])).toThrow(/no graded answer of newcomer/)
  expect(() => gradedRows(partial, 'nobody', [0])).toThrow(/no outcomes of nobody; it has those of counter, newcomer/)
})
