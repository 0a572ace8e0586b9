import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describePolicyFiles, samplePolicy } from './contract.ts'
import { createPolicyFolder } from './folder.node.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'switchyard-'))
})
afterAll(() => rm(root, { recursive: true }))

let folders = 0
describePolicyFiles('a folder', async () => createPolicyFolder(join(root, `policies-${folders++}`)))

it('leaves the files as they were given and nothing temporary', async () => {
  const dir = join(root, 'plain')
  const folder = createPolicyFolder(dir)
  const id = await folder.write(samplePolicy('one'))
  expect(await readdir(dir)).toEqual([`${id}.safetensors`])
  expect(await readFile(await folder.path(id.slice(0, 8)))).toEqual(Buffer.from(samplePolicy('one')))
})

it.skipIf(process.platform === 'win32')(
  'makes everything for its owner alone, the data folder above it too',
  async () => {
    const id = await createPolicyFolder(join(root, 'data', 'policies')).write(samplePolicy('one'))
    const paths = ['data', 'data/policies', `data/policies/${id}.safetensors`]
    const modes = await Promise.all(paths.map(async (path) => (await stat(join(root, path))).mode & 0o777))
    expect(modes).toEqual([0o700, 0o700, 0o600])
  },
)

it('refuses what was damaged or renamed since', async () => {
  const dir = join(root, 'refusals')
  const folder = createPolicyFolder(dir)
  const id = await folder.write(samplePolicy('x'))
  const wrong = `${'0'.repeat(63)}1`
  await rename(join(dir, `${id}.safetensors`), join(dir, `${wrong}.safetensors`))
  await expect(folder.read(wrong)).rejects.toMatchObject({ code: 'policy_damaged' })
  await writeFile(join(dir, `${id}.safetensors`), 'garbage')
  await expect(folder.read(id)).rejects.toMatchObject({ code: 'policy_damaged' })
  await expect(folder.manifest(id)).rejects.toMatchObject({ code: 'policy_damaged' })
})
