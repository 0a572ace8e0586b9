import { describe, expect, it } from 'vitest'
import { knn } from '../../routers/estimators/knn.ts'
import { utility } from '../../routers/planners/utility.ts'
import { createHashEncoder } from '../embed/hash.ts'
import { makeQuery } from '../embed/query.ts'
import { decodePolicy, encodePolicy } from '../policy/file.ts'
import type { Candidate, Query } from '../spec.ts'
import { createChooser } from './choose.ts'
import { fitPolicy } from './fit.ts'
import { mean } from './metrics/statistics.ts'
import type { OutcomeSet } from './outcomes.ts'
import { readProof } from './proof.ts'
import { toAsk } from './queries.ts'
import { createRandom } from './random.ts'

const encoder = createHashEncoder({ dim: 32 })
const CODE = ['function', 'loop', 'array', 'compile', 'string', 'pointer']
const POEM = ['sonnet', 'rhyme', 'meadow', 'sorrow', 'verse', 'moon']

const candidate = (id: string, usd: number): Candidate => ({
  id,
  provider: 'replay',
  model: id,
  wire: 'openai',
  price: { inputPerMTok: usd, outputPerMTok: usd },
  contextWindow: 1e6,
  capabilities: new Set(),
  tags: [],
})
const candidates = [candidate('coder', 1), candidate('poet', 1), candidate('dear', 20)]
const ids = candidates.map(({ id }) => id)

type Quality = (kind: 'code' | 'poem', random: () => number) => readonly number[]
const noise: Quality = (_kind, random) => [0.5, 0.5, 0.6].map((p) => (random() < p ? 1 : 0))
const planted: Quality = (kind, random) =>
  (kind === 'code' ? [0.9, 0.3, 0.7] : [0.3, 0.9, 0.7]).map((p) => (random() < p ? 1 : 0))

/** Prompts of five words of one kind, every third of them four times as long. */
async function world(count: number, quality: Quality, seed: number): Promise<{ set: OutcomeSet; queries: Query[] }> {
  const random = createRandom(seed)
  const kinds = Array.from({ length: count }, () => (random() < 0.5 ? ('code' as const) : ('poem' as const)))
  const prompts = kinds.map((kind, i) => {
    const words = kind === 'code' ? CODE : POEM
    return `${Array.from({ length: i % 3 === 0 ? 20 : 5 }, () => words[Math.floor(random() * words.length)]).join(' ')} ${i}`
  })
  const vectors = await encoder.embed(prompts)
  const rows = kinds.map((kind) => quality(kind, random))
  const set: OutcomeSet = {
    name: 'world',
    queries: prompts.map((prompt, i) => ({ id: `q${i}`, task: kinds[i]!, split: 'train', prompt })),
    candidates,
    quality: Float64Array.from(rows.flat()),
    costUsd: Float64Array.from(rows.flatMap(() => candidates.map(({ price }) => (price!.inputPerMTok * 110) / 1e6))),
    inputTokens: new Float64Array(count * 3).fill(10),
    outputTokens: new Float64Array(count * 3).fill(100),
    latencyMs: new Float64Array(count * 3).fill(Number.NaN),
    duplicates: [],
    sha256: 'a'.repeat(64),
  }
  return { set, queries: prompts.map((prompt, i) => makeQuery(toAsk(prompt), prompt, vectors[i]!)) }
}

function train(set: OutcomeSet, queries: readonly Query[], seed = 1, lambda?: number) {
  return fitPolicy({
    set,
    rows: set.queries.map((_, row) => row),
    queries,
    family: knn,
    options: { k: 30, tuneRows: 60 },
    planner: utility,
    judge: utility.load({}),
    encoder: encoder.info,
    random: createRandom(seed),
    ...(lambda !== undefined && { lambda }),
    createdAt: '2026-01-01T00:00:00.000Z',
  })
}

function chooserOf({ manifest, state }: Pick<ReturnType<typeof train>, 'manifest' | 'state'>) {
  const policy = { estimator: knn.load(state, ids), planner: utility.load({}), guard: manifest.guard, candidates: ids }
  return createChooser(policy, { candidates, random: createRandom(0) })
}

describe('the proof', () => {
  it('clears zero over every candidate where a difference was planted, by what the policy then gains on new queries', async () => {
    const { set, queries } = await world(250, planted, 7)
    const fitted = train(set, queries, 1, 0)
    const proof = readProof(fitted.manifest.metrics)
    expect(proof).toMatchObject({ rows: 250, lambda: 0 })
    for (const { lower } of Object.values(proof!.over)) expect(lower).toBeGreaterThan(0.05)
    const fresh = await world(400, planted, 8)
    const choose = chooserOf(fitted)
    const of = (pick: (row: number) => number) =>
      mean(fresh.queries.map((_, row) => fresh.set.quality[row * 3 + pick(row)]!))
    const gain = of((row) => ids.indexOf(choose(fresh.queries[row]!, 0))) - of(() => ids.indexOf(proof!.against))
    expect(Math.abs(gain - proof!.gain)).toBeLessThan(0.08)
  })

  it('of outcomes that are noise seldom clears zero over the candidate that is the best', async () => {
    let cleared = 0
    for (let seed = 1; seed <= 20; seed++) {
      const { set, queries } = await world(60, noise, seed)
      const { over } = readProof(train(set, queries, seed, 0).manifest.metrics)!
      if ((over.dear?.lower ?? -1) > 0) cleared++
    }
    expect(cleared).toBeLessThanOrEqual(1)
  })

  it('is not there without a λ, and not with too few queries', async () => {
    const { set, queries } = await world(12, planted, 9)
    expect(train(set, queries).manifest.metrics).toEqual({})
    expect(train(set, queries, 1, 0).manifest.metrics).toEqual({})
  })
})

describe('the guard', () => {
  it.each([1, 2, 3, 4, 5, 6])('serves the constant where outcomes are noise (seed %i)', async (seed) => {
    const { set, queries } = await world(200, noise, seed)
    const fitted = train(set, queries, seed)
    expect(fitted.manifest.guard.shrink).toBe(0)
    const choose = chooserOf(fitted)
    for (const lambda of [0, 10, 40, 60, 80, 1e3, 1e5])
      expect(new Set(queries.map((query) => choose(query, lambda))).size).toBe(1)
  })

  it('lets a planted difference through, and the policy gains on new queries', async () => {
    const { set, queries } = await world(250, planted, 7)
    const fitted = train(set, queries)
    expect(fitted.manifest.guard.shrink).toBeGreaterThan(0)
    const fresh = await world(200, planted, 8)
    const choose = chooserOf(fitted)
    const quality = mean(fresh.queries.map((query, row) => fresh.set.quality[row * 3 + ids.indexOf(choose(query, 0))]!))
    const constants = ids.map((_, column) => mean(fresh.queries.map((_q, row) => fresh.set.quality[row * 3 + column]!)))
    expect(quality).toBeGreaterThan(Math.max(...constants) + 0.1)
  })

  it('serves the constant where labels are few, however clear they look', async () => {
    const { set, queries } = await world(12, planted, 9)
    const fitted = train(set, queries)
    expect(fitted.manifest.guard).toMatchObject({ shrink: 0, evidence: { rows: 12, needed: 20 } })
    const choose = chooserOf(fitted)
    expect(new Set(queries.map((query) => choose(query, 0))).size).toBe(1)
  })

  it('judges only rows whose outcomes are all known, and learns from the others too', async () => {
    const { set, queries } = await world(120, planted, 10)
    for (let row = 0; row < 60; row++) set.quality[row * 3] = Number.NaN
    const { guard, trainedOn } = train(set, queries).manifest
    expect(guard.evidence.rows).toBe(60)
    expect(trainedOn.rows).toBe(120)
    expect(guard.quality.every((value) => value > 0 && value < 1)).toBe(true)
  })
})

describe('a fitted policy', () => {
  it('decides the same after a trip through its file', async () => {
    const { set, queries } = await world(150, planted, 11)
    const fitted = train(set, queries)
    const { manifest, state } = await decodePolicy(encodePolicy(fitted.manifest, fitted.state))
    const [first, loaded] = [chooserOf(fitted), chooserOf({ manifest, state })]
    const fresh = await world(50, planted, 12)
    for (const lambda of [0, 100, 3000])
      for (const query of fresh.queries) expect(loaded(query, lambda)).toBe(first(query, lambda))
  })

  it('has the same bytes when it is fitted again', async () => {
    const { set, queries } = await world(60, planted, 13)
    const [one, two] = [train(set, queries), train(set, queries)]
    expect(encodePolicy(one.manifest, one.state)).toEqual(encodePolicy(two.manifest, two.state))
  })
})
