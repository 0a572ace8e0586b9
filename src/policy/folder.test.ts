import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { PolicyManifest } from '../spec.ts'
import { encodePolicy } from './file.ts'
import { createPolicyFolder } from './folder.node.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'switchyard-'))
})
afterAll(() => rm(root, { recursive: true }))

const bytesOf = (source: string) => {
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
  }
  return encodePolicy(manifest, { params: {}, tensors: {} })
}

it('writes, lists and reads by id or by its beginning, and leaves no temporary files', async () => {
  const dir = join(root, 'policies')
  const folder = createPolicyFolder(dir)
  expect(await folder.list()).toEqual([])
  const [one, two] = [await folder.write(bytesOf('one')), await folder.write(bytesOf('two'))]
  expect(await folder.write(bytesOf('one'))).toBe(one)
  expect(await folder.list()).toEqual([one, two].sort())
  expect(await readdir(dir)).toHaveLength(2)
  expect((await folder.read(two.slice(0, 12))).manifest.trainedOn.source).toBe('two')
  expect(await readFile(join(dir, `${one}.safetensors`))).toEqual(Buffer.from(bytesOf('one')))
})

it.skipIf(process.platform === 'win32')(
  'makes everything for its owner alone, the data folder above it too',
  async () => {
    const id = await createPolicyFolder(join(root, 'data', 'policies')).write(bytesOf('one'))
    const paths = ['data', 'data/policies', `data/policies/${id}.safetensors`]
    const modes = await Promise.all(paths.map(async (path) => (await stat(join(root, path))).mode & 0o777))
    expect(modes).toEqual([0o700, 0o700, 0o600])
  },
)

it('refuses what is damaged, unknown or under a wrong name', async () => {
  const dir = join(root, 'refusals')
  const folder = createPolicyFolder(dir)
  await expect(folder.write(bytesOf('x').subarray(0, 100))).rejects.toMatchObject({ code: 'policy_damaged' })
  const id = await folder.write(bytesOf('x'))
  await expect(folder.read('../../etc/passwd')).rejects.toMatchObject({ code: 'not_found' })
  await expect(folder.read('0'.repeat(64))).rejects.toMatchObject({ code: 'not_found' })
  const wrong = `${'0'.repeat(63)}1`
  await rename(join(dir, `${id}.safetensors`), join(dir, `${wrong}.safetensors`))
  await expect(folder.read(wrong)).rejects.toMatchObject({ code: 'policy_damaged' })
  await writeFile(join(dir, `${id}.safetensors`), 'garbage')
  await expect(folder.read(id)).rejects.toMatchObject({ code: 'policy_damaged' })
})
