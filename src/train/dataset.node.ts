/**
 * Reads outcome sets: `NAME.queries.jsonl`, `NAME.outcomes.csv`, `NAME.meta.json` and maybe `NAME.answers.jsonl`,
 * the JSONL and CSV files plain or as `.gz`. Quality is in [0, 1], costs in USD, prices in USD per million tokens.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import * as z from 'zod'
import { SwitchyardError } from '../errors.ts'
import type { Candidate } from '../spec.ts'

export interface OutcomeQuery {
  readonly id: string
  /** The benchmark's label; a router never sees it. */
  readonly task: string
  readonly split: string
  readonly prompt: string
  /** The last question without few-shot examples, where the set has it. */
  readonly core?: string
}

/** Recorded outcomes of every candidate on every query. Matrices are row-major, rows = queries, columns = candidates; `NaN` = not known. */
export interface OutcomeSet {
  readonly name: string
  readonly queries: readonly OutcomeQuery[]
  readonly candidates: readonly Candidate[]
  readonly quality: Float64Array
  readonly costUsd: Float64Array
  readonly inputTokens: Float64Array
  /** Where the set does not say, what cost and price leave for the answer. */
  readonly outputTokens: Float64Array
  readonly latencyMs: Float64Array
  /** Ids of queries that share one prompt, in groups of two or more: a replay can serve only one of each group. */
  readonly duplicates: readonly (readonly string[])[]
  /** Of the three files' contents. */
  readonly sha256: string
}

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
const answersSchema = z.object({ query_id: z.string(), answers: z.record(z.string(), z.string()) })

/**
 * Reads a set. `location` is a folder together with `name`, or `FOLDER/NAME`, or a folder that holds one set.
 * Throws `data_invalid` with the file and line at fault.
 */
export async function readDataset(location: string, name?: string): Promise<OutcomeSet> {
  const prefix = await locate(location, name)
  const queryFile = await readMaybeZipped(`${prefix}.queries.jsonl`)
  const outcomeFile = await readMaybeZipped(`${prefix}.outcomes.csv`)
  const metaFile = await readMaybeZipped(`${prefix}.meta.json`)
  const queries = parseLines(queryFile, querySchema, `${prefix}.queries.jsonl`)
  const prices = parseWith(metaSchema, metaFile.toString(), `${prefix}.meta.json`).models_usd_per_1m ?? {}
  const outcomes = readOutcomes(outcomeFile, queries, `${prefix}.outcomes.csv`)
  const candidates = outcomes.models.map((model) => toCandidate(model, prices[model]))
  deriveOutputTokens(outcomes, candidates)
  const hash = createHash('sha256')
  for (const file of [queryFile, outcomeFile, metaFile]) hash.update(createHash('sha256').update(file).digest())
  return {
    name: basename(prefix),
    queries,
    candidates,
    quality: outcomes.quality,
    costUsd: outcomes.costUsd,
    inputTokens: outcomes.inputTokens,
    outputTokens: outcomes.outputTokens,
    latencyMs: outcomes.latencyMs,
    duplicates: findDuplicates(queries),
    sha256: hash.digest('hex'),
  }
}

/** The recorded answers: query id → candidate id → text. `null` when the set has none. */
export async function readAnswers(
  location: string,
  name?: string,
): Promise<Map<string, Record<string, string>> | null> {
  const prefix = await locate(location, name)
  const path = `${prefix}.answers.jsonl`
  const file = await readMaybeZipped(path).catch(() => null)
  if (file === null) return null
  return new Map(parseLines(file, answersSchema, path).map((line) => [line.query_id, line.answers]))
}

/** Rows of a split, in the order of the set. Throws `data_invalid` when there are none. */
export function rowsOf(set: OutcomeSet, split: string): number[] {
  const rows = set.queries.flatMap((query, row) => (query.split === split ? [row] : []))
  if (rows.length > 0) return rows
  const known = [...new Set(set.queries.map((query) => query.split))].join(', ')
  throw new SwitchyardError('data_invalid', `${set.name} has no split ${split}; it has ${known}.`)
}

async function locate(location: string, name?: string): Promise<string> {
  if (name !== undefined) return join(location, name)
  const names = await readdir(location).catch(() => null)
  if (names === null) return location
  const found = names.flatMap((file) => /^(.+)\.meta\.json$/.exec(file)?.[1] ?? [])
  if (found.length === 1) return join(location, found[0]!)
  throw new SwitchyardError(
    'data_invalid',
    found.length === 0
      ? `${location} holds no data set: a file NAME.meta.json is missing.`
      : `${location} holds several data sets: give ${found.map((one) => join(location, one)).join(' or ')}.`,
  )
}

async function readMaybeZipped(path: string): Promise<Buffer> {
  const plain = await readFile(path).catch(() => null)
  if (plain !== null) return plain
  const zipped = await readFile(`${path}.gz`).catch(() => null)
  if (zipped === null) throw new SwitchyardError('data_invalid', `Neither ${path} nor ${path}.gz can be read.`)
  try {
    return gunzipSync(zipped)
  } catch (cause) {
    throw new SwitchyardError('data_invalid', `${path}.gz is not a complete gzip file.`, { cause })
  }
}

function parseLines<T>(file: Buffer, schema: z.ZodType<T>, path: string): T[] {
  const lines = file.toString().split('\n')
  return lines.flatMap((line, i) => (line.trim() === '' ? [] : [parseWith(schema, line, `${path}, line ${i + 1}`)]))
}

function parseWith<T>(schema: z.ZodType<T>, text: string, where: string): T {
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    const what = cause instanceof z.ZodError ? z.prettifyError(cause) : 'it is not JSON'
    throw new SwitchyardError('data_invalid', `${where}: ${what}.`, { cause })
  }
}

const COLUMNS = ['query_id', 'model', 'quality', 'cost_usd', 'input_tokens', 'output_tokens', 'latency_s'] as const

interface Outcomes {
  readonly models: readonly string[]
  readonly quality: Float64Array
  readonly costUsd: Float64Array
  readonly inputTokens: Float64Array
  readonly outputTokens: Float64Array
  readonly latencyMs: Float64Array
}

function readOutcomes(file: Buffer, queries: readonly OutcomeQuery[], path: string): Outcomes {
  const [head = '', ...lines] = file.toString().trimEnd().split(/\r?\n/)
  const header = head.split(',')
  const columns = COLUMNS.map((name) => header.indexOf(name))
  if (columns.slice(0, 3).some((at) => at < 0))
    throw new SwitchyardError('data_invalid', `${path} lacks one of the columns ${COLUMNS.slice(0, 3).join(', ')}.`)
  const cells = lines.map((line, i) => {
    const fields = line.split(',')
    if (fields.length === header.length) return columns.map((at) => (at < 0 ? '' : fields[at]!))
    throw new SwitchyardError(
      'data_invalid',
      `${path}, line ${i + 2}: ${fields.length} fields, ${header.length} expected.`,
    )
  })
  const rowOf = new Map(queries.map((query, row) => [query.id, row]))
  if (rowOf.size !== queries.length) throw new SwitchyardError('data_invalid', `${path}: a query id occurs twice.`)
  const models = [...new Set(cells.map((row) => row[1]!))]
  const columnOf = new Map(models.map((model, column) => [model, column]))
  const matrices = COLUMNS.slice(2).map(() => new Float64Array(queries.length * models.length).fill(Number.NaN))
  for (const [i, fields] of cells.entries()) {
    const row = rowOf.get(fields[0]!)
    if (row === undefined)
      throw new SwitchyardError('data_invalid', `${path}, line ${i + 2}: there is no query ${fields[0]}.`)
    const at = row * models.length + columnOf.get(fields[1]!)!
    for (const [k, matrix] of matrices.entries()) matrix[at] = readNumber(fields[k + 2]!, `${path}, line ${i + 2}`)
  }
  const [quality, costUsd, inputTokens, outputTokens, latencyS] = matrices
  if (quality!.some((value) => value < 0 || value > 1))
    throw new SwitchyardError('data_invalid', `${path}: a quality lies outside [0, 1].`)
  return {
    models,
    quality: quality!,
    costUsd: costUsd!,
    inputTokens: inputTokens!,
    outputTokens: outputTokens!,
    latencyMs: latencyS!.map((seconds) => seconds * 1000),
  }
}

function readNumber(text: string, where: string): number {
  if (text === '') return Number.NaN
  const value = Number(text)
  if (Number.isFinite(value)) return value
  throw new SwitchyardError('data_invalid', `${where}: ${text} is not a number.`)
}

/** Sets do not say what their models could do beside answering: nothing is demanded of them, so nothing is claimed. */
function toCandidate(model: string, price: readonly [number, number] | undefined): Candidate {
  return {
    id: model,
    provider: 'replay',
    model,
    wire: 'openai',
    price: price === undefined ? null : { inputPerMTok: price[0], outputPerMTok: price[1] },
    contextWindow: 1_000_000,
    capabilities: new Set(),
    tags: [],
  }
}

/** output = (cost − input · price_in) / price_out, where only the sum was recorded. */
function deriveOutputTokens(outcomes: Outcomes, candidates: readonly Candidate[]): void {
  const { outputTokens, costUsd, inputTokens } = outcomes
  for (let at = 0; at < outputTokens.length; at++) {
    const price = candidates[at % candidates.length]!.price
    if (!Number.isNaN(outputTokens[at]!) || price === null || price.outputPerMTok === 0) continue
    const tokens = (costUsd[at]! * 1e6 - inputTokens[at]! * price.inputPerMTok) / price.outputPerMTok
    outputTokens[at] = Math.max(0, Math.round(tokens))
  }
}

function findDuplicates(queries: readonly OutcomeQuery[]): string[][] {
  const groups = new Map<string, string[]>()
  for (const { id, prompt } of queries) {
    const group = groups.get(prompt)
    if (group === undefined) groups.set(prompt, [id])
    else group.push(id)
  }
  return [...groups.values()].filter((group) => group.length > 1)
}
