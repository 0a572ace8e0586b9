import { expect, it } from 'vitest'
import type { PolicyManifest } from '../spec.ts'
import { diffManifests } from './diff.ts'

const manifest: PolicyManifest = {
  format: 1,
  estimator: { name: 'knn', version: 1, params: { k: 10 } },
  guard: { shrink: 0.5, minSupport: 0, quality: [0.5, 0.7], outputTokens: [10, 20], evidence: {} },
  planner: { name: 'utility', options: {} },
  encoder: { id: 'none', precision: 'none', dim: 0, sha256: '' },
  features: ['length'],
  candidates: ['small', 'large'],
  trainedOn: { source: 'mine', rows: 100, sha256: 'a', createdAt: '2026-01-01T00:00:00.000Z' },
  metrics: {},
}

it('finds nothing where the candidates are only told in another order', () => {
  const other = { ...manifest, candidates: ['large', 'small'] }
  const guard = { ...manifest.guard, quality: [0.7, 0.5], outputTokens: [20, 10] }
  expect(diffManifests(manifest, { ...other, guard, planner: { name: 'utility', version: 1, options: {} } })).toEqual(
    [],
  )
})

it('names what differs, what was added, and whose constant is another', () => {
  const changed: PolicyManifest = {
    ...manifest,
    estimator: { name: 'linear', version: 1, params: {} },
    guard: { ...manifest.guard, quality: [0.5, 0.75] },
    parent: 'b',
  }
  expect(diffManifests(manifest, changed)).toEqual([
    { path: 'estimator.name', a: 'knn', b: 'linear' },
    { path: 'estimator.params.k', a: 10 },
    { path: 'guard.quality.large', a: 0.7, b: 0.75 },
    { path: 'parent', a: null, b: 'b' },
  ])
})
