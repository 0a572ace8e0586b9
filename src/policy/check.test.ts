import { expect, it } from 'vitest'
import type { EncoderInfo, Policy } from '../spec.ts'
import { checkPolicy } from './check.ts'

const encoder: EncoderInfo = { id: 'use-lite', precision: 'int8', dim: 512, sha256: 'a'.repeat(64) }
const policy: Policy = {
  id: 'c'.repeat(64),
  manifest: {
    format: 1,
    estimator: { name: 'knn', version: 1, params: {} },
    guard: { shrink: 1, minSupport: 0, quality: [0.5, 0.6], outputTokens: [1, 1], evidence: {} },
    planner: { name: 'utility', options: {} },
    encoder,
    features: ['chars', 'turns'],
    candidates: ['a', 'b'],
    trainedOn: { source: 's', rows: 1, sha256: '', createdAt: '' },
    metrics: {},
  },
  state: { params: {}, tensors: {} },
}
const here = { encoder, features: ['chars', 'turns'], candidates: ['a', 'b'] }

it('says nothing about a policy that fits', () => {
  expect(checkPolicy(policy, here)).toEqual([])
})

it.each([
  ['another encoder', { ...here, encoder: { ...encoder, id: 'minilm' } }, /minilm/],
  ['no encoder', { ...here, encoder: null }, /none is configured/],
  ['another dimension', { ...here, encoder: { ...encoder, dim: 384 } }, /384/],
  ['another file of the same precision', { ...here, encoder: { ...encoder, sha256: 'd'.repeat(64) } }, /another file/],
  ['features in another order', { ...here, features: ['turns', 'chars'] }, /features/],
  ['a pool of strangers', { ...here, candidates: ['x', 'y'] }, /knows none/],
])('refuses %s and says what to do', (_what, installation, message) => {
  expect(() => checkPolicy(policy, installation)).toThrow(
    expect.objectContaining({ code: 'policy_unfit', message: expect.stringMatching(message) }),
  )
})

it('allows another precision of the same encoder and says so', () => {
  const half = { ...encoder, precision: 'half', sha256: 'e'.repeat(64) }
  expect(checkPolicy(policy, { ...here, encoder: half })).toEqual([expect.stringContaining('half')])
})

it('refuses another precision where the policy demands its own', () => {
  const half = { ...encoder, precision: 'half', sha256: 'e'.repeat(64) }
  const { manifest } = policy
  const exact: Policy = { ...policy, manifest: { ...manifest, encoder: { ...manifest.encoder, exact: true } } }
  expect(checkPolicy(exact, here)).toEqual([])
  expect(() => checkPolicy(exact, { ...here, encoder: half })).toThrow(/demands .* here they are half/)
})

it('notes candidates that only one side knows', () => {
  const notes = checkPolicy(policy, { ...here, candidates: ['a', 'new'] })
  expect(notes).toEqual([expect.stringContaining('new'), expect.stringMatching(/not offered.*b/)])
})

it('needs no encoder for a policy without vectors', () => {
  const bare: Policy = {
    ...policy,
    manifest: { ...policy.manifest, encoder: { id: 'none', precision: '', dim: 0, sha256: '' } },
  }
  expect(checkPolicy(bare, { ...here, encoder: null })).toEqual([])
})
