import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createHashEncoder } from '../embed/hash.ts'
import type { Encoder } from '../spec.ts'
import { toQueries } from './queries.ts'
import { embedCached } from './vectors.node.ts'

let cacheDir: string
beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'switchyard-'))
})
afterEach(() => rm(cacheDir, { recursive: true }))

function counting(dim = 16): Encoder & { embedded: string[] } {
  const inner = createHashEncoder({ dim })
  const embedded: string[] = []
  return {
    ...inner,
    embedded,
    embed: (texts) => {
      embedded.push(...texts)
      return inner.embed(texts)
    },
  }
}
const texts = Array.from({ length: 150 }, (_, i) => `text number ${i % 140}`)

it('embeds each distinct text once, and nothing in a second run', async () => {
  const first = counting()
  const progress: number[] = []
  const vectors = await embedCached(texts, { encoder: first, cacheDir, onProgress: (done) => progress.push(done) })
  expect(first.embedded).toHaveLength(140)
  expect(progress.at(-1)).toBe(150)
  expect(vectors).toEqual(await createHashEncoder({ dim: 16 }).embed(texts))
  const second = counting()
  expect(await embedCached(texts, { encoder: second, cacheDir })).toEqual(vectors)
  expect(second.embedded).toEqual([])
})

it.skipIf(process.platform === 'win32')('keeps folder and files for their owner alone', async () => {
  const fresh = join(cacheDir, 'data', 'vectors')
  await embedCached(['a'], { encoder: counting(), cacheDir: fresh })
  const [file] = await readdir(fresh)
  const modes = [join(cacheDir, 'data'), fresh, join(fresh, file!)].map(async (path) => (await stat(path)).mode & 0o777)
  expect(await Promise.all(modes)).toEqual([0o700, 0o700, 0o600])
})

it('keeps encoders apart', async () => {
  await embedCached(texts, { encoder: counting(16), cacheDir })
  const other = counting(16)
  await embedCached(texts, { encoder: { ...other, info: { ...other.info, precision: 'half' } }, cacheDir })
  expect(other.embedded).toHaveLength(140)
})

it('survives a run that was cut short and a file that was damaged', async () => {
  const expected = await embedCached(texts, { encoder: counting(), cacheDir })
  const path = join(cacheDir, (await readdir(cacheDir))[0]!)
  const recordBytes = 32 + 4 * 16
  await truncate(path, 100 * recordBytes + 50)
  const again = counting()
  expect(await embedCached(texts, { encoder: again, cacheDir })).toEqual(expected)
  expect(again.embedded).toHaveLength(40)
  const bytes = await readFile(path)
  expect(bytes.length).toBe(140 * recordBytes)
  bytes.fill(0x7f, 3 * recordBytes + 40, 3 * recordBytes + 60)
  await writeFile(path, bytes)
  const repaired = counting()
  expect(await embedCached(texts, { encoder: repaired, cacheDir })).toEqual(expected)
  expect(repaired.embedded).toHaveLength(1)
})

it('makes queries as the gateway sees them: windowed text, features of the whole prompt', async () => {
  const long = `Summarise this. ${'word '.repeat(2000)}What is the point?`
  const encoder = counting()
  const [query] = await toQueries([long], { encoder, cacheDir })
  expect(query!.text.length).toBeLessThan(1000)
  expect(query!.text).toMatch(/^Summarise.*point\?$/s)
  expect(encoder.embedded).toEqual([query!.text])
  expect(query!.inputTokens).toBeGreaterThan(2000)
  expect((await toQueries([long], { encoder: null, cacheDir }))[0]!.vector).toBeNull()
})
