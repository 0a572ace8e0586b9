/** What every place for policies must do, whatever is behind it: run by the tests of each. */
import { beforeEach, describe, expect, it } from 'vitest'
import type { PolicyManifest } from '../spec.ts'
import { encodePolicy } from './file.ts'
import type { PolicyFiles } from './files.ts'

/** A policy file of `length` numbers and a manifest that names `source`. */
export function samplePolicy(source: string, { length = 0, labels = 0 } = {}): Uint8Array<ArrayBuffer> {
  const manifest: PolicyManifest = {
    format: 1,
    estimator: { name: 'constant', version: 1, params: {} },
    guard: { shrink: 0, minSupport: 0, quality: [0.5], outputTokens: [1], evidence: {} },
    planner: { name: 'utility', options: {} },
    encoder: { id: 'none', precision: '', dim: 0, sha256: '' },
    features: [],
    candidates: ['a'],
    trainedOn: { source, rows: 1, sha256: '', createdAt: '' },
    metrics: {},
    ...(labels > 0 && { labels: Array.from({ length: labels }, (_, row) => `training query ${row}`) }),
  }
  const data = Float32Array.from({ length }, (_, i) => Math.sin(i))
  const tensors = length > 0 ? { numbers: { dtype: 'F32', shape: [length], data } as const } : {}
  return encodePolicy(manifest, { params: {}, tensors })
}

/** `open` gives an empty place. */
export function describePolicyFiles(name: string, open: () => Promise<PolicyFiles>): void {
  describe(`policies: ${name}`, () => {
    let files: PolicyFiles
    beforeEach(async () => {
      files = await open()
    })

    it('writes, lists and reads by id or by its beginning', async () => {
      expect(await files.list()).toEqual([])
      const [one, two] = [await files.write(samplePolicy('one')), await files.write(samplePolicy('two'))]
      expect(await files.write(samplePolicy('one'))).toBe(one)
      expect(await files.list()).toEqual([one, two].sort())
      expect((await files.read(two.slice(0, 12))).manifest.trainedOn.source).toBe('two')
      expect((await files.manifest(one.slice(0, 12))).trainedOn.source).toBe('one')
    })

    it('keeps every byte of a large one, with a manifest that is large too', async () => {
      const bytes = samplePolicy('large', { length: 600_000, labels: 100_000 })
      const id = await files.write(bytes)
      const policy = await files.read(id)
      expect(policy.id).toBe(id)
      expect(policy.state.tensors.numbers?.data.slice(-2)).toEqual(
        Float32Array.from([599_998, 599_999], (i) => Math.sin(i)),
      )
      expect(await files.manifest(id)).toEqual(policy.manifest)
    })

    it('refuses what is damaged, unknown, ambiguous or too large', async () => {
      const bytes = samplePolicy('x')
      await expect(files.write(bytes.subarray(0, 100))).rejects.toMatchObject({ code: 'policy_damaged' })
      await expect(files.write(new Uint8Array(0))).rejects.toMatchObject({ code: 'policy_damaged' })
      await expect(files.write(new Uint8Array(files.maxBytes + 1))).rejects.toMatchObject({ code: 'body_too_large' })
      expect(await files.list()).toEqual([])
      const id = await files.write(bytes)
      for (const wanted of ['../../etc/passwd', '0'.repeat(64), id.slice(0, 3), id.toUpperCase(), '%', '']) {
        await expect(files.read(wanted)).rejects.toMatchObject({ code: 'not_found' })
      }
    })
  })
}
