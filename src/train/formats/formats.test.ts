/** One set, written in every format that is read. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, describe, expect, it } from 'vitest'
import { estimateInputTokens } from '../../embed/features.ts'
import { expectedCostUsd } from '../../route/cost.ts'
import { type DatasetOptions, readAnswers, readDataset } from '../dataset.node.ts'
import type { OutcomeSet } from '../outcomes.ts'
import { toAsk } from '../queries.ts'
import { parseColumns } from './columns.ts'

const folder = mkdtempSync(join(tmpdir(), 'switchyard-formats-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Two models of RouterBench with its prices. */
const PRICES = { 'gpt-4-1106-preview': [10, 30], 'mistralai/mistral-7b-chat': [0.2, 0.2] } as const
const MODELS = ['gpt-4-1106-preview', 'mistralai/mistral-7b-chat'] as const

const QUERIES = [
  { id: '1', task: 'riddles', split: 'test', prompt: 'A "quoted" word,\nthen a line; naïve 古字' },
  { id: '2', task: 'sums', split: 'train', prompt: `It's 2 + 2, or "4"?` },
  { id: '3', task: '', split: 'train', prompt: 'plain' },
]
const TOKENS = [
  [120, 31],
  [7, 400],
  [1, 2],
]
const QUALITIES = [
  [1, 0.25],
  [0, 1],
  [0.5, 0],
]

interface Answer {
  readonly model: string
  readonly quality: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly costUsd: number
}
const ANSWERS: readonly (readonly Answer[])[] = QUERIES.map(({ prompt }, row) =>
  MODELS.map((model, column) => {
    const [inputTokens, outputTokens] = [estimateInputTokens(toAsk(prompt)), TOKENS[row]![column]!]
    const [inputPerMTok, outputPerMTok] = PRICES[model]
    const costUsd = expectedCostUsd({ inputPerMTok, outputPerMTok }, inputTokens, outputTokens)
    return { model, quality: QUALITIES[row]![column]!, inputTokens, outputTokens, costUsd }
  }),
)
const LONG = QUERIES.flatMap((query, row) => ANSWERS[row]!.map((answer) => ({ ...query, ...answer })))

/** As pandas writes it: quotes where they are needed. */
function csv(header: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const field = (value: unknown) => (/[,"\r\n]/.test(`${value}`) ? `"${`${value}`.replaceAll('"', '""')}"` : `${value}`)
  return [header, ...rows].map((row) => `${row.map(field).join(',')}\n`).join('')
}

/** As Python prints a list of one string that has no backslash. */
function pythonList(text: string): string {
  const escaped = text.replaceAll('\n', '\\n')
  return escaped.includes("'") && !escaped.includes('"') ? `["${escaped}"]` : `['${escaped.replaceAll("'", "\\'")}']`
}

/** RouterBench's table. */
const WIDE = [
  'sample_id',
  'prompt',
  'eval_name',
  ...MODELS,
  ...MODELS.map((model) => `${model}|model_response`),
  ...MODELS.map((model) => `${model}|total_cost`),
  'oracle_model_to_route_to',
  'split',
]
const WIDE_ROWS = QUERIES.map(({ id, prompt, task, split }, row) => [
  id,
  pythonList(prompt),
  task,
  ...ANSWERS[row]!.map(({ quality }) => quality),
  ...ANSWERS[row]!.map(() => "['a, b']"),
  ...ANSWERS[row]!.map(({ costUsd }) => costUsd),
  'no_model_correct',
  split,
])

let files = 0
async function write(ending: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, `${files++}.${ending}`)
  await writeFile(path, content)
  return path
}

const COMPRESSORS = {
  GZIP: (bytes: Uint8Array) => Uint8Array.from(gzipSync(bytes)),
  ZSTD: (bytes: Uint8Array) => Uint8Array.from(zstdCompressSync(bytes)),
}
type Codec = 'UNCOMPRESSED' | 'SNAPPY' | 'GZIP' | 'ZSTD'

function parquet(
  columns: readonly string[],
  rows: readonly (readonly unknown[])[],
  codec: Codec = 'SNAPPY',
): Uint8Array {
  const columnData = columns.map(
    (name, i): ColumnSource => ({
      name,
      data: rows.map((row) => row[i]),
      type: typeof rows[0]![i] === 'number' ? 'DOUBLE' : 'STRING',
    }),
  )
  // Groups of two rows, so that there are two.
  return new Uint8Array(parquetWriteBuffer({ columnData, codec, compressors: COMPRESSORS, rowGroupSize: 2 }))
}

/** SPROUT's table: a record per model. */
function sprout(rows: readonly number[]): Uint8Array {
  const fields = ['num_input_tokens', 'num_output_tokens', 'response', 'score', 'judge_response']
  const optional = { repetition_type: 'OPTIONAL' } as const
  const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8', ...optional } as const
  const labels = ['key', 'dataset', 'prompt', 'golden_answer'] as const
  return new Uint8Array(
    parquetWriteBuffer({
      schema: [
        { name: 'root', num_children: labels.length + MODELS.length },
        ...labels.map((name) => ({ name, ...text })),
        ...MODELS.flatMap((name) => [
          { name, num_children: fields.length, ...optional },
          { name: fields[0]!, type: 'INT64', ...optional } as const,
          { name: fields[1]!, type: 'INT64', ...optional } as const,
          { name: fields[2]!, ...text },
          { name: fields[3]!, type: 'DOUBLE', ...optional } as const,
          { name: fields[4]!, ...text },
        ]),
      ],
      columnData: [
        { name: 'key', data: rows.map(() => 'k') },
        { name: 'dataset', data: rows.map((row) => QUERIES[row]!.task) },
        { name: 'prompt', data: rows.map((row) => QUERIES[row]!.prompt) },
        { name: 'golden_answer', data: rows.map(() => null) },
        ...MODELS.map((name, column) => ({
          name,
          data: rows.map((row) => {
            const { inputTokens, outputTokens, quality } = ANSWERS[row]![column]!
            return {
              num_input_tokens: BigInt(inputTokens),
              num_output_tokens: BigInt(outputTokens),
              response: 'r',
              score: quality,
              judge_response: null,
            }
          }),
        })),
      ],
    }),
  )
}

async function threeFiles(): Promise<string> {
  const prefix = join(folder, 'three')
  writeFileSync(`${prefix}.queries.jsonl`, QUERIES.map((query) => JSON.stringify(query)).join('\n'))
  const header = ['query_id', 'model', 'quality', 'cost_usd', 'input_tokens', 'output_tokens']
  const rows = LONG.map((row) => [row.id, row.model, row.quality, row.costUsd, row.inputTokens, row.outputTokens])
  writeFileSync(`${prefix}.outcomes.csv`, csv(header, rows))
  writeFileSync(`${prefix}.meta.json`, JSON.stringify({ models_usd_per_1m: PRICES }))
  return prefix
}

const longHeader = [
  'query_id',
  'prompt',
  'task',
  'split',
  'model',
  'quality',
  'cost_usd',
  'input_tokens',
  'output_tokens',
]
const longRows = LONG.map((row) => [
  row.id,
  row.prompt,
  row.task,
  row.split,
  row.model,
  row.quality,
  row.costUsd,
  row.inputTokens,
  row.outputTokens,
])
const known: DatasetOptions = { prices: PRICES }
const mapped = (columns: object): DatasetOptions => ({
  columns: parseColumns(JSON.stringify({ ...columns, prices: PRICES })),
})
const jsonLines = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).join('\n')

const FORMATS: readonly (readonly [string, () => Promise<string>, DatasetOptions])[] = [
  ['CSV, a row per answer', () => write('csv', csv(longHeader, longRows)), known],
  [
    'the same with a byte order mark, other line breaks, zipped',
    () =>
      write(
        'csv.gz',
        gzipSync(`\uFEFF${csv(longHeader, longRows).replaceAll('\n', '\r\n').replaceAll(',\r\nthen', ',\nthen')}`),
      ),
    known,
  ],
  ['Parquet, a row per answer', () => write('parquet', parquet(longHeader, longRows)), known],
  [
    'JSON Lines with other names',
    () =>
      write(
        'jsonl',
        jsonLines(
          LONG.map((row) => ({
            question: row.prompt,
            key: Number(row.id),
            kind: row.task,
            part: row.split,
            llm: { name: row.model },
            score: 10 * row.quality - 5,
            price: row.costUsd,
          })),
        ),
      ),
    mapped({
      prompt: 'question',
      id: 'key',
      task: 'kind',
      split: 'part',
      model: 'llm.name',
      quality: 'score',
      costUsd: 'price',
      qualityRange: [-5, 5],
    }),
  ],
  [
    'JSON Lines, a record per query',
    () =>
      write(
        'ndjson',
        jsonLines(
          QUERIES.map(({ prompt, ...rest }, row) => ({
            ...rest,
            prompt: prompt.split('\n'),
            models: Object.fromEntries(ANSWERS[row]!.map(({ model, ...answer }) => [model, answer])),
          })),
        ),
      ),
    mapped({
      prompt: 'prompt',
      id: 'id',
      task: 'task',
      split: 'split',
      quality: 'models.*.quality',
      costUsd: 'models.*.costUsd',
    }),
  ],
  [
    'CSV, a column per model and nothing else',
    () =>
      write(
        'csv',
        csv(
          ['q', 's', 't', ...MODELS, 'in', ...MODELS.map((model) => `out of ${model}`)],
          QUERIES.map(({ prompt, split, task }, row) => [
            prompt,
            split,
            task,
            ...QUALITIES[row]!,
            ANSWERS[row]![0]!.inputTokens,
            ...TOKENS[row]!,
          ]),
        ),
      ),
    mapped({ prompt: 'q', split: 's', task: 't', quality: '*', inputTokens: 'in', outputTokens: 'out of *' }),
  ],
  ['RouterBench as CSV', () => write('csv', csv(WIDE, WIDE_ROWS)), {}],
  ...(['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'ZSTD'] as const).map(
    (codec) =>
      [`RouterBench as Parquet, ${codec}`, () => write('parquet', parquet(WIDE, WIDE_ROWS, codec)), {}] as const,
  ),
  [
    'SPROUT, a folder with a file per split',
    async () => {
      const path = join(folder, 'sprout')
      mkdirSync(path)
      await writeFile(join(path, 'test-00000-of-00001.parquet'), sprout([0]))
      await writeFile(join(path, 'train-00000-of-00002.parquet'), sprout([1]))
      await writeFile(join(path, 'train-00001-of-00002.parquet'), sprout([2]))
      return path
    },
    known,
  ],
]

const contentOf = ({ name: _name, sha256: _sha256, latencyMs: _latencyMs, ...content }: OutcomeSet) => content

it.each(FORMATS)('%s says the same as a set of three files', async (_name, make, options) => {
  const expected = await readDataset(await threeFiles())
  expect(expected.candidates.map(({ id }) => id)).toEqual(MODELS)
  expect([...expected.quality]).toEqual(QUALITIES.flat())
  const path = await make()
  const set = await readDataset(path, options)
  expect(contentOf(set)).toEqual(contentOf(expected))
  expect((await readDataset(path, options)).sha256).toBe(set.sha256)
})

it('has the answers of tables that tell them', async () => {
  const routerbench = await write('csv', csv(WIDE, WIDE_ROWS))
  const all = (text: string) => Object.fromEntries(MODELS.map((model) => [model, text]))
  expect(await readAnswers(routerbench)).toEqual(new Map(QUERIES.map(({ id }) => [id, all('a, b')])))
  const folderOf = join(folder, 'sprout answers')
  mkdirSync(folderOf)
  await writeFile(join(folderOf, 'test-00000-of-00001.parquet'), sprout([1, 0]))
  expect(await readAnswers(folderOf)).toEqual(new Map(['1', '2'].map((id) => [id, all('r')])))
  const long = await write('jsonl', '{"q":"x","m":"a","s":1,"said":"yes"}\n{"q":"x","m":"b","s":1}')
  const columns = { prompt: 'q', model: 'm', quality: 's' }
  expect(await readAnswers(long, { columns: { ...columns, answer: 'said' } })).toEqual(new Map([['1', { a: 'yes' }]]))
  expect(await readAnswers(long, { columns })).toBeNull()
})

it('changes its hash with the file and with what its columns are taken for', async () => {
  const path = await write('csv', 'q,m,a,b\nx,small,1,0.5\n')
  const hashAs = async (quality: string) =>
    (await readDataset(path, { columns: { prompt: 'q', quality, model: 'm' } })).sha256
  const first = await hashAs('a')
  expect(await hashAs('b')).not.toBe(first)
  await writeFile(path, 'q,m,a,b\nx,small,0,0.5\n')
  expect(await hashAs('a')).not.toBe(first)
})

it('leaves unknown what is empty, and takes true, false and what pandas writes for them', async () => {
  const path = await write('csv', 'prompt,model,quality,cost_usd\nx,a,True,\nx,b,false,NaN\ny,a,,0.5\n')
  const set = await readDataset(path)
  expect([...set.quality]).toEqual([1, 0, Number.NaN, Number.NaN])
  expect([...set.costUsd]).toEqual([Number.NaN, Number.NaN, 0.5, Number.NaN])
  expect(set.queries.map(({ id, prompt, split }) => [id, prompt, split])).toEqual([
    ['1', 'x', 'train'],
    ['2', 'y', 'train'],
  ])
})

it('learns the costs themselves where there are no prices', async () => {
  const path = await write('csv', 'prompt,model,quality,cost_usd\nx,a,1,0.25\nx,b,1,\n')
  const { candidates, outputTokens, costUsd } = await readDataset(path)
  expect(candidates.map(({ price }) => price)).toEqual([{ inputPerMTok: 0, outputPerMTok: 1 }, null])
  expect([...outputTokens]).toEqual([250_000, Number.NaN])
  expect(expectedCostUsd(candidates[0]!.price, 1e9, outputTokens[0]!)).toBe(costUsd[0])
})

describe('broken input is refused with its place', () => {
  const head = 'question,llm,score\n'
  const columns = { prompt: 'question', model: 'llm', quality: 'score' }

  it.each([
    ['a number that is none', 'x,a,good\n', /line 2: column "score" holds "good"/],
    [
      'a quality on another scale',
      'x,a,1\ny,a,7\n',
      /line 3: .*quality of 7, outside \[0, 1\].*"qualityRange": \[0, 10\]/,
    ],
    ['an empty prompt', 'x,a,1\n,a,1\n', /line 3: column "question" is empty/],
    ['an answer twice', 'x,a,1\nx,a,1\n', /line 3: the answer of a to query 1 is there already/],
    ['a short line after one with a line break', '"x\ny",a,1\nz,a\n', /line 4: 2 fields, 3 expected/],
    ['an open quote', '"x,a,1\n', /line 2: a quoted field is not closed/],
  ])('%s', async (_what, rows, message) => {
    const path = await write('csv', head + rows)
    await expect(readDataset(path, { columns })).rejects.toThrow(
      expect.objectContaining({ code: 'data_invalid', message: expect.stringMatching(message) }),
    )
  })

  it.each<[string, string, string, object | undefined, RegExp]>([
    [
      'an unknown table',
      'csv',
      `${head}x,a,1`,
      undefined,
      /say what they hold: --columns .* it has "question", "llm", "score"/,
    ],
    [
      'a column that is not there',
      'csv',
      `${head}x,a,1`,
      { ...columns, costUsd: 'usd' },
      /no column "usd" \(costUsd\); it has "question"/,
    ],
    [
      'a wide table without a star',
      'csv',
      `${head}x,a,1`,
      { prompt: 'question', quality: 'score' },
      /"quality" needs one \*/,
    ],
    [
      'a pattern that no column fits',
      'csv',
      `${head}x,a,1`,
      { prompt: 'question', quality: '*.score', costUsd: '*.usd' },
      /no model has a column "\*\.score" \(quality\) together with "\*\.usd" \(costUsd\)/,
    ],
    [
      'another prompt under one id',
      'jsonl',
      '{"k":1,"q":"x","m":"a","s":1}\n\n{"k":1,"q":"y","m":"b","s":1}',
      { id: 'k', prompt: 'q', model: 'm', quality: 's' },
      /line 3: query 1 has another prompt/,
    ],
    [
      'one id twice in a wide table',
      'jsonl',
      '{"k":1,"q":"x","a":1}\n{"k":1,"q":"x","a":1}',
      { id: 'k', prompt: 'q', quality: '*' },
      /line 2: query 1 occurs twice/,
    ],
    ['a line that is not JSON', 'jsonl', '{"q":"x"}\n{"q":', undefined, /line 2: it is not JSON/],
    ['a line that is no object', 'jsonl', '[1]', undefined, /line 1: it is not a JSON object/],
    [
      'a prompt that is not text',
      'jsonl',
      '{"prompt":[{"role":"user"}],"model":"a","quality":1}',
      undefined,
      /line 1: column "prompt" holds \[\{"role":"user"\}\]/,
    ],
    ['a column twice', 'csv', 'a,a\n1,2\n', undefined, /two columns "a"/],
    ['an empty file', 'csv', '', undefined, /the file is empty/],
    ['a header alone', 'csv', 'prompt,model,quality\n', undefined, /it has no rows/],
    ['a pickle', 'pkl', '', undefined, /pickle is a program .*to_csv/],
    ['what is not Parquet', 'parquet', 'prompt,model', undefined, /not a whole Parquet file/],
    ['what is not gzip', 'csv.gz', 'prompt,model', undefined, /not a complete gzip file/],
  ])('%s', async (_what, ending, content, given, message) => {
    const path = await write(ending, content)
    const options = given === undefined ? {} : { columns: parseColumns(JSON.stringify(given)) }
    await expect(readDataset(path, options)).rejects.toThrow(
      expect.objectContaining({ code: 'data_invalid', message: expect.stringMatching(message) }),
    )
  })

  it('Parquet that was cut, or damaged within', async () => {
    const path = await write('parquet', parquet(WIDE, WIDE_ROWS))
    const whole = await readFile(path)
    await writeFile(path, whole.subarray(0, whole.length - 20))
    await expect(readDataset(path)).rejects.toThrow(/not a whole Parquet file/)
    await writeFile(path, Uint8Array.from(whole).fill(0xff, 8, 60))
    await expect(readDataset(path)).rejects.toThrow(/not a whole Parquet file/)
  })

  it('a row of Parquet', async () => {
    const rows = longRows.with(3, longRows[3]!.with(5, 1.5))
    const path = await write('parquet', parquet(longHeader, rows))
    await expect(readDataset(path)).rejects.toThrow(/row 4: column "quality" holds a quality of 1\.5/)
  })

  it('files that are not there, and folders without data', async () => {
    for (const name of ['absent.csv', 'absent.parquet', 'absent.sqlite', 'absent'])
      await expect(readDataset(join(folder, name))).rejects.toThrow(expect.objectContaining({ code: 'data_invalid' }))
    const empty = join(folder, 'empty')
    mkdirSync(empty)
    await expect(readDataset(empty)).rejects.toThrow(/neither NAME\.meta\.json nor files SPLIT/)
  })

  it('columns for what has its own', async () => {
    await expect(readDataset(await threeFiles(), { columns })).rejects.toThrow(/not a table/)
  })

  it.each([
    ['{"prompt":', /not JSON/],
    ['{"prompt":"p"}', /quality/],
    ['{"prompt":"p","quality":"q","model":"m","cost":"c"}', /cost.*it may have .*costUsd/s],
    ['{"prompt":"p","quality":"q","qualityRange":[1,0]}', /the worst quality, then the best/],
  ])('the mapping %s', (json, message) => {
    expect(() => parseColumns(json)).toThrow(
      expect.objectContaining({ code: 'invalid_request', message: expect.stringMatching(message) }),
    )
  })
})
