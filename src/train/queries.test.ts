import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createHashEncoder } from '../embed/hash.ts'
import type { Encoder } from '../spec.ts'
import { assemble } from './formats/assemble.ts'
import type { LoggedQuery, OutcomeQuery } from './outcomes.ts'
import { queriesOf, toQueries } from './queries.ts'

let cacheDir: string
beforeAll(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'switchyard-'))
})
afterAll(() => rm(cacheDir, { recursive: true }))

const inner = createHashEncoder({ dim: 4 })
const embedded: string[] = []
const encoder: Encoder = {
  ...inner,
  embed: (texts) => {
    embedded.push(...texts)
    return inner.embed(texts)
  },
}
const own = Float32Array.of(0, 0, 0, 1)
const logged = (text: string | null, vectors: readonly (readonly [string, Float32Array])[]): LoggedQuery => ({
  text,
  features: Float64Array.of(0.5, 0.25),
  inputTokens: 31,
  vectors: new Map(vectors),
})
const setOf = (queries: readonly Partial<OutcomeQuery>[]) =>
  assemble(
    {
      queries: queries.map((query, i) => ({ id: `${i}`, task: '', split: 'train', prompt: `p${i}`, ...query })),
      cells: [],
    },
    { name: 'log', sha256: '', prices: {} },
  )

it('takes a logged query as the gateway met it, and embeds only what has a text and no vector', async () => {
  const set = setOf([
    { prompt: 'a prompt' },
    { logged: logged('kept', [[encoder.info.id, own]]) },
    { logged: logged('kept too', [['other', Float32Array.of(1)]]) },
    { logged: logged(null, [[encoder.info.id, own]]) },
    { logged: logged(null, [['other', Float32Array.of(1)]]) },
  ])
  const queries = await queriesOf(set, [4, 3, 2, 1, 0], { encoder, cacheDir })
  expect(embedded.sort()).toEqual(['a prompt', 'kept too'])
  const [first, ...rest] = [0, 1, 2, 3, 4].map((row) => queries.get(row)!)
  expect(first).toEqual((await toQueries(['a prompt'], { encoder, cacheDir }))[0])
  const [madeHere] = await inner.embed(['kept too'])
  expect(rest.map(({ text, vector }) => [text, vector])).toEqual([
    ['kept', own],
    ['kept too', madeHere],
    ['', own],
    ['', null],
  ])
  for (const query of rest) expect(query).toMatchObject({ features: Float64Array.of(0.5, 0.25), inputTokens: 31 })
})

it('has no vectors without an encoder', async () => {
  const set = setOf([{ prompt: 'a prompt' }, { logged: logged('kept', [['other', own]]) }])
  const queries = await queriesOf(set, [0, 1], { encoder: null, cacheDir })
  expect([...queries.values()].map(({ vector }) => vector)).toEqual([null, null])
})

it('refuses a log that was written with another encoder', async () => {
  const set = setOf([{ logged: logged(null, [['other', own]]) }])
  await expect(queriesOf(set, [0], { encoder, cacheDir })).rejects.toThrow(
    expect.objectContaining({ code: 'data_invalid', message: expect.stringMatching(/only of other\. Learn with/) }),
  )
})
