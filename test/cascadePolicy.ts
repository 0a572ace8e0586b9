/** Policies with the planner `cascade` whose judge says the same of every answer. */

import { heardLayout, unheardLayout } from '../routers/cascade/evidence.ts'
import { FEATURES } from '../src/embed/features.ts'
import { encodePolicy } from '../src/policy/file.ts'
import type { PolicyManifest } from '../src/spec.ts'

export interface JudgeOptions {
  /** Of an answer that is there: how probably it is right. */
  readonly heard: number
  /** Of one that is not. */
  readonly unheard: number
  readonly maxLatencyMs?: number
}

/** Never content: goes on to the next cheapest as long as it may, then sends the last answer. */
export const ONWARD = { heard: 0.1, unheard: 0.9 } as const
/** Content with the first answer. */
export const CONTENT = { heard: 0.9, unheard: 0.5 } as const

/** All candidates are believed alike, so that they are asked by rising price. */
export function cascadePolicy(
  candidates: readonly string[],
  { heard, unheard, maxLatencyMs = 60_000 }: JudgeOptions,
): Uint8Array<ArrayBuffer> {
  const same = (value: number) => candidates.map(() => value)
  const scorer = (width: number, chance: number) => ({
    weights: new Array<number>(width).fill(0),
    curve: { scores: [0], values: [chance] },
  })
  const acceptance = {
    heard: scorer(heardLayout(candidates.length).width, heard),
    unheard: scorer(unheardLayout(candidates.length).width, unheard),
    spread: [same(0)],
  }
  const manifest: PolicyManifest = {
    format: 1,
    estimator: { name: 'constant', version: 1, params: {} },
    guard: { shrink: 0, minSupport: 0, quality: same(0.5), outputTokens: same(20), evidence: {} },
    planner: { name: 'cascade', options: { maxSteps: 3, maxLatencyMs, candidates: [...candidates], acceptance } },
    encoder: { id: 'none', precision: 'none', dim: 0, sha256: '' },
    features: FEATURES,
    candidates,
    trainedOn: { source: 'a test', rows: 10, sha256: '', createdAt: '2026-01-01T00:00:00.000Z' },
    metrics: {},
  }
  const rows = [...same(0.5), ...same(0.01), ...same(20), ...same(10)]
  const means = { dtype: 'F64', shape: [4, candidates.length], data: Float64Array.from(rows) } as const
  return encodePolicy(manifest, { params: {}, tensors: { means } })
}
