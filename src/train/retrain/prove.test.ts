import { expect, it } from 'vitest'
import { findEstimator, findPlanner } from '../../../routers/index.ts'
import type { Query } from '../../spec.ts'
import { fitPolicy } from '../fit.ts'
import type { OutcomeSet } from '../outcomes.ts'
import { readProof } from '../proof.ts'
import { createRandom } from '../random.ts'

const CANDIDATES = ['left', 'right'].map((id) => ({
  id,
  provider: 'p',
  model: id,
  wire: 'openai' as const,
  price: { inputPerMTok: 1, outputPerMTok: 1 },
  contextWindow: 100_000,
  capabilities: new Set<never>(),
  tags: [],
}))

/** A log of two candidates, one right for each side of the first feature as far as `signal` goes, asked with these chances. */
function logOf(
  count: number,
  {
    signal,
    seed,
    chances = [0.7, 0.3],
    keyOf,
  }: { signal: number; seed: number; chances?: number[]; keyOf?: (i: number) => string },
) {
  const random = createRandom(seed)
  const queries: Query[] = []
  const quality = new Float64Array(count * 2).fill(Number.NaN)
  for (let row = 0; row < count; row++) {
    const side = random() < 0.5 ? -1 : 1
    queries.push({
      text: '',
      vector: null,
      features: Float64Array.of(side + 0.1 * random(), random()),
      inputTokens: 100,
      requires: new Set(),
    })
    const arm = random() < chances[0]! ? 0 : 1
    const chance = 0.5 + (arm === 0 ? -1 : 1) * side * signal
    quality[row * 2 + arm] = random() < chance ? 1 : 0
  }
  const known = (value: number) => quality.map((one) => (Number.isNaN(one) ? Number.NaN : value))
  const set: OutcomeSet = {
    name: 'log',
    queries: queries.map((_, i) => ({
      id: `${i}`,
      task: '',
      split: 'train',
      prompt: `${i}`,
      key: keyOf?.(i) ?? 'one',
    })),
    candidates: CANDIDATES,
    quality,
    costUsd: known(0.001),
    inputTokens: known(100),
    outputTokens: known(100),
    latencyMs: known(1),
    chances: Float64Array.from(queries.flatMap(() => chances)),
    duplicates: [],
    sha256: 'a'.repeat(64),
  }
  return { set, queries }
}

function train(count: number, options: Parameters<typeof logOf>[1]) {
  const { set, queries } = logOf(count, options)
  const { manifest } = fitPolicy({
    set,
    rows: queries.map((_, row) => row),
    queries,
    family: findEstimator('linear'),
    planner: findPlanner('utility'),
    judge: findPlanner('utility').load({}),
    encoder: null,
    random: createRandom(1),
    createdAt: '',
    lambda: 1,
  })
  return { shrink: manifest.guard.shrink, proof: readProof(manifest.metrics) }
}

it('a planted difference is let through and proved, though one outcome of each query is known', () => {
  const { shrink, proof } = train(800, { signal: 0.4, seed: 1 })
  expect(shrink).toBeGreaterThan(0.7)
  // In truth 0.9 against 0.5.
  for (const { gain, lower } of Object.values(proof!.over)) {
    expect(Math.abs(gain - 0.4)).toBeLessThan(0.12)
    expect(lower).toBeGreaterThan(0.2)
  }
})

it('of outcomes that are noise the constant serves, nearly always, and nothing is proved', () => {
  const fitted = Array.from({ length: 20 }, (_, i) => train(300, { signal: 0, seed: i + 1 }))
  expect(fitted.filter(({ shrink }) => shrink > 0).length).toBeLessThanOrEqual(2)
  const proved = fitted.filter(
    ({ proof }) => proof !== null && Object.values(proof.over).every(({ lower }) => (lower ?? 0) > 0),
  )
  expect(proved.length).toBeLessThanOrEqual(1)
})

it('a log without a choice lets nothing through and proves nothing', () => {
  const { shrink, proof } = train(400, { signal: 0.4, seed: 1, chances: [1, 0] })
  expect(shrink).toBe(0)
  expect(proof?.over.right?.lower ?? null).toBeNull()
})

it('what one key says alone proves nothing', () => {
  const { proof } = train(800, { signal: 0.4, seed: 1, keyOf: (i) => (i % 50 === 0 ? 'calm' : 'loud') })
  expect(proof!.gain).toBeGreaterThan(0.2)
  expect(proof!.lower ?? 0).toBeLessThanOrEqual(0)
  const shared = train(800, { signal: 0.4, seed: 1, keyOf: (i) => `key-${i % 5}` })
  expect(shared.proof!.lower).toBeGreaterThan(0.15)
})
