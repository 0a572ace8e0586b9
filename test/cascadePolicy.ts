/** A policy with the planner `cascade` whose first two candidates check each other, and whose third decides where they differ. */

import { FEATURES } from '../src/embed/features.ts'
import { encodePolicy } from '../src/policy/file.ts'
import type { PolicyManifest } from '../src/spec.ts'

/** All candidates are believed alike; those of a request must be given by rising price, so that the first is the cheapest. */
export function cascadePolicy(candidates: readonly string[], maxLatencyMs = 60_000): Uint8Array<ArrayBuffer> {
  const same = (value: number) => candidates.map(() => value)
  /** A regression that knows nothing but the chance itself. */
  const chance = (p: number) => [Math.log(p / (1 - p)), 0, 0, 0, 0, 0, 0]
  const check = {
    members: [0, 1],
    agree: chance(0.5),
    right: chance(0.95),
    differ: candidates.map((_, m) => chance(m < 2 ? 0.1 : 0.9)),
  }
  const manifest: PolicyManifest = {
    format: 1,
    estimator: { name: 'constant', version: 1, params: {} },
    guard: { shrink: 0, minSupport: 0, quality: same(0.5), outputTokens: same(20), evidence: {} },
    planner: {
      name: 'cascade',
      options: {
        maxSteps: 3,
        maxLatencyMs,
        candidates: [...candidates],
        usual: same(0),
        alone: candidates.map(() => chance(0.2)),
        checks: [check],
        proven: [0, 100].map((lambda) => ({ lambda, gain: 0.1, low: 0.05 })),
      },
    },
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
