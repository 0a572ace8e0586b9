/**
 * Sets of three files: `NAME.queries.jsonl`, `NAME.outcomes.csv`, `NAME.meta.json` and maybe `NAME.answers.jsonl`, the JSONL and
 * CSV files plain or as `.gz`. Costs in USD, prices in USD per million tokens. Beside the answers to a query may stand `logprobs`: how sure each model was of
 * its words, see `StreamReader.logprob`.
 */
import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import * as z from 'zod'
import type { OutcomeSet } from '../outcomes.ts'
import { assemble } from './assemble.ts'
import { type Cell, readMeasures } from './cells.ts'
import type { Prices } from './columns.ts'
import { csvTable, readMaybeZipped } from './table.node.ts'
import { dataInvalid, requireText } from './table.ts'

const querySchema = z.object({
  id: z.string(),
  task: z.string().default(''),
  split: z.string().default('train'),
  prompt: z.string(),
  core: z.string().exactOptional(),
})
const metaSchema = z.object({
  models_usd_per_1m: z.record(z.string(), z.tuple([z.number().min(0), z.number().min(0)])).nullish(),
})
const answersSchema = z.object({
  query_id: z.string(),
  answers: z.record(z.string(), z.string()),
  logprobs: z.record(z.string(), z.number().max(0)).default({}),
})

const MEASURES = {
  quality: 'quality',
  costUsd: 'cost_usd',
  inputTokens: 'input_tokens',
  outputTokens: 'output_tokens',
  latencyS: 'latency_s',
}
const REQUIRED = ['query_id', 'model', 'quality']

/** @param prefix path of the files up to their endings */
export async function readSet(prefix: string, { prices }: { readonly prices: Prices }): Promise<OutcomeSet> {
  const [queryFile, outcomeFile, metaFile] = await Promise.all([
    readEither(`${prefix}.queries.jsonl`),
    readEither(`${prefix}.outcomes.csv`),
    readEither(`${prefix}.meta.json`),
  ])
  const queries = parseLines(queryFile, querySchema, `${prefix}.queries.jsonl`)
  const meta = parseWith(metaSchema, metaFile.toString(), `${prefix}.meta.json`)
  const path = `${prefix}.outcomes.csv`
  const queryOf = new Map(queries.map(({ id }, query) => [id, query]))
  if (queryOf.size !== queries.length) throw dataInvalid(path, 'a query id occurs twice.')
  const table = csvTable(outcomeFile.toString(), path)
  if (!REQUIRED.every((column) => table.columns.includes(column)))
    throw dataInvalid(path, `it lacks one of the columns ${REQUIRED.join(', ')}.`)
  const cells: Cell[] = []
  for await (const row of table.rows(['query_id', 'model', ...Object.values(MEASURES)])) {
    const id = requireText(row, 'query_id')
    const query = queryOf.get(id)
    if (query === undefined) throw dataInvalid(row.where, `there is no query ${id}.`)
    cells.push({
      query,
      model: requireText(row, 'model'),
      answer: null,
      where: row.where,
      ...readMeasures(row, MEASURES),
    })
  }
  const hash = createHash('sha256')
  for (const file of [queryFile, outcomeFile, metaFile]) hash.update(createHash('sha256').update(file).digest())
  return assemble(
    { queries, cells },
    { name: basename(prefix), sha256: hash.digest('hex'), prices: { ...prices, ...meta.models_usd_per_1m } },
  )
}

/** The recorded answers: query id → candidate id → text. `null` when the set has none. */
export async function readSetAnswers(prefix: string): Promise<Map<string, Record<string, string>> | null> {
  const lines = await readAnswerLines(prefix)
  return lines && new Map(lines.map((line) => [line.query_id, line.answers]))
}

/** Query id → candidate id → how sure it was of its answer. `null` when the set does not say of any. */
export async function readSetLogprobs(prefix: string): Promise<Map<string, Record<string, number>> | null> {
  const lines = (await readAnswerLines(prefix))?.filter(({ logprobs }) => Object.keys(logprobs).length > 0) ?? []
  return lines.length === 0 ? null : new Map(lines.map((line) => [line.query_id, line.logprobs]))
}

async function readAnswerLines(prefix: string): Promise<z.infer<typeof answersSchema>[] | null> {
  const path = `${prefix}.answers.jsonl`
  if (!(await exists(path)) && !(await exists(`${path}.gz`))) return null
  return parseLines(await readEither(path), answersSchema, path)
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

async function readEither(path: string): Promise<Buffer> {
  if (await exists(path)) return readMaybeZipped(path)
  if (await exists(`${path}.gz`)) return readMaybeZipped(`${path}.gz`)
  throw dataInvalid(path, 'the file cannot be read, nor with .gz at its end.')
}

function parseLines<T>(file: Buffer, schema: z.ZodType<T>, path: string): T[] {
  const lines = file.toString().split('\n')
  return lines.flatMap((line, i) => (line.trim() === '' ? [] : [parseWith(schema, line, `${path}, line ${i + 1}`)]))
}

function parseWith<T>(schema: z.ZodType<T>, text: string, where: string): T {
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw dataInvalid(where, `${cause instanceof z.ZodError ? z.prettifyError(cause) : 'it is not JSON'}.`, cause)
  }
}
