import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { withTexts } from './answers.node.ts'
import { readAnswers, readDataset, readLogprobs, rowsOf } from './dataset.node.ts'

const QUERIES = [
  { id: 'q1', task: 'math', split: 'train', prompt: 'one' },
  { id: 'q2', task: 'math', split: 'test', prompt: 'two', core: 'tw' },
  { id: 'q3', task: 'code', split: 'test', prompt: 'one' },
]
const OUTCOMES = `query_id,model,quality,cost_usd,input_tokens,output_tokens,latency_s,response_chars
q1,small,0.5,0.0002,100,,,
q1,big,1,0.004,100,90,1.5,3
q2,big,0,,,,,
q3,small,1,0.0001,100,,,
`
const META = { name: 'tiny', models_usd_per_1m: { small: [1, 2] }, anything: 'else' }

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'switchyard-'))
})
afterAll(() => rm(root, { recursive: true }))

async function write(name: string, files: { queries?: string; outcomes?: string; meta?: string } = {}) {
  const queries = files.queries ?? QUERIES.map((query) => JSON.stringify(query)).join('\n')
  await writeFile(join(root, `${name}.queries.jsonl.gz`), gzipSync(queries))
  await writeFile(join(root, `${name}.outcomes.csv`), files.outcomes ?? OUTCOMES)
  await writeFile(join(root, `${name}.meta.json`), files.meta ?? JSON.stringify(META))
}

it('reads queries, matrices and prices, zipped or not, and leaves unknown what is unknown', async () => {
  await write('tiny')
  const set = await readDataset(join(root, 'tiny'))
  expect(set.name).toBe('tiny')
  expect(set.queries).toEqual(QUERIES)
  expect(set.candidates.map(({ id, price }) => [id, price])).toEqual([
    ['small', { inputPerMTok: 1, outputPerMTok: 2 }],
    ['big', { inputPerMTok: 0, outputPerMTok: 1 }],
  ])
  expect([...set.quality]).toEqual([0.5, 1, Number.NaN, 0, 1, Number.NaN])
  expect([...set.costUsd]).toEqual([0.0002, 0.004, Number.NaN, Number.NaN, 0.0001, Number.NaN])
  expect([...set.latencyMs]).toEqual([Number.NaN, 1500, Number.NaN, Number.NaN, Number.NaN, Number.NaN])
  // (200 − 100 · 1) / 2 and (100 − 100 · 1) / 2; without a price the costs in millionths of a USD; nothing without a cost.
  expect([...set.outputTokens]).toEqual([50, 4000, Number.NaN, Number.NaN, 0, Number.NaN])
  expect(set.duplicates).toEqual([['q1', 'q3']])
  expect(rowsOf(set, 'test')).toEqual([1, 2])
  expect(() => rowsOf(set, 'dev')).toThrow(/train, test/)
  expect(await readDataset(join(root, 'tiny'))).toEqual(set)
})

it('reads a set of quality alone, whose prices are null', async () => {
  const outcomes = 'query_id,model,quality,output_tokens\nq1,small,1,90\nq1,big,0,\n'
  await write('free', { meta: '{"models_usd_per_1m":null}', outcomes })
  const { candidates, costUsd, outputTokens } = await readDataset(join(root, 'free'))
  expect(candidates.map(({ price }) => price)).toEqual([null, null])
  expect(costUsd.every(Number.isNaN)).toBe(true)
  expect([...outputTokens.slice(0, 2)]).toEqual([90, Number.NaN])
})

it('changes its hash with any file', async () => {
  await write('hash')
  const before = (await readDataset(join(root, 'hash'))).sha256
  await write('hash', { outcomes: OUTCOMES.replace('0.5', '0.6') })
  expect((await readDataset(join(root, 'hash'))).sha256).not.toBe(before)
})

it('reads answers where there are some', async () => {
  await write('answers')
  expect(await readAnswers(join(root, 'answers'))).toBeNull()
  const line = JSON.stringify({ query_id: 'q1', answers: { small: 'a', big: 'b' } })
  await writeFile(join(root, 'answers.answers.jsonl.gz'), gzipSync(`${line}\n`))
  expect((await readAnswers(join(root, 'answers')))?.get('q1')).toEqual({ small: 'a', big: 'b' })
})

it('reads how sure who was of an answer, where that is said, and is another set then', async () => {
  await write('sure')
  const location = join(root, 'sure')
  const set = await readDataset(location)
  const withLines = async (...lines: object[]) => {
    await writeFile(`${location}.answers.jsonl`, lines.map((line) => JSON.stringify(line)).join('\n'))
    return withTexts(set, location, {})
  }
  expect(await readLogprobs(location)).toBeNull()
  const [q1, q2] = ['q1', 'q2'].map((query_id) => ({ query_id, answers: { small: 'a', big: 'b' } }))
  const silent = await withLines(q1!, q2!)
  expect(await readLogprobs(location)).toBeNull()
  expect(silent).not.toHaveProperty('logprobs')
  expect(silent.candidates).toBe(set.candidates)
  const told = await withLines(q1!, { ...q2, logprobs: { big: -0.5 } })
  const big = set.candidates.findIndex(({ id }) => id === 'big')
  expect([...told.logprobs!].map((value) => (Number.isNaN(value) ? null : value))).toEqual(
    set.queries.flatMap(({ id }) => set.candidates.map((_, m) => (id === 'q2' && m === big ? -0.5 : null))),
  )
  expect(told.candidates.map(({ id, capabilities }) => [id, capabilities.has('logprobs')]).sort()).toEqual([
    ['big', true],
    ['small', false],
  ])
  expect(told.texts).toEqual(silent.texts)
  expect(told.sha256).not.toBe(silent.sha256)
  await expect(withLines({ ...q1, logprobs: { big: 0.5 } })).rejects.toThrow(/answers\.jsonl, line 1/)
})

it.each([
  ['a line that is not JSON', { queries: '{"id":' }, /queries\.jsonl, line 1/],
  ['a query without a prompt', { queries: '\n{"id":"q1"}' }, /line 2: .*prompt/s],
  ['an id twice', { queries: `${JSON.stringify(QUERIES[0])}\n${JSON.stringify(QUERIES[0])}` }, /twice/],
  ['an outcome of an unknown query', { outcomes: `${OUTCOMES}q9,small,1,,,,,\n` }, /line 6: there is no query q9/],
  ['a short line', { outcomes: `${OUTCOMES}q3,big\n` }, /line 6: 2 fields, 8 expected/],
  [
    'a word where a number belongs',
    { outcomes: `${OUTCOMES}q3,big,good,,,,,\n` },
    /line 6: column "quality" holds "good"/,
  ],
  ['an answer twice', { outcomes: `${OUTCOMES}q3,small,1,,,,,\n` }, /line 6: the answer of small to query q3/],
  ['a cost below 0', { outcomes: `${OUTCOMES}q3,big,1,-1,,,,\n` }, /line 6: column "cost_usd" holds -1/],
  ['a quality above 1', { outcomes: `${OUTCOMES}q3,big,1.5,,,,,\n` }, /outside \[0, 1\]/],
  ['a negative price', { meta: '{"models_usd_per_1m":{"small":[-1,2]}}' }, /meta\.json/],
])('refuses %s and says where', async (_what, files, message) => {
  await write('bad', files)
  await expect(readDataset(join(root, 'bad'))).rejects.toThrow(
    expect.objectContaining({ code: 'data_invalid', message: expect.stringMatching(message) }),
  )
})

it('says which file is missing or cut, and which sets a folder holds', async () => {
  await expect(readDataset(join(root, 'absent'))).rejects.toThrow(/absent\.queries\.jsonl/)
  await write('cut')
  await writeFile(join(root, 'cut.queries.jsonl.gz'), gzipSync('{}'.repeat(999)).subarray(0, 20))
  await expect(readDataset(join(root, 'cut'))).rejects.toThrow(/not a complete gzip/)
  await expect(readDataset(root)).rejects.toThrow(/several data sets/)
})
