/** Which columns of a table say what: the mapping, and what it makes of a table. */
import * as z from 'zod'
import { SwitchyardError } from '../../errors.ts'
import { dataInvalid, type Table } from './table.ts'

const column = z.string().min(1)

/**
 * The names of a table's columns. With `model` the table has one row per query and model. Without, it has one row per query,
 * and a `*` stands where the column of a model has the model's name: `*.score`.
 */
const columnsSchema = z.strictObject({
  prompt: column,
  quality: column,
  model: column.exactOptional(),
  /** Without it, in tables with `model`, equal prompts are one query. */
  id: column.exactOptional(),
  task: column.exactOptional(),
  /** `train`, `test` or others; without it all is `train`. */
  split: column.exactOptional(),
  costUsd: column.exactOptional(),
  inputTokens: column.exactOptional(),
  outputTokens: column.exactOptional(),
  latencyS: column.exactOptional(),
  /** The text of the answer. */
  answer: column.exactOptional(),
  /** What the column of qualities holds for the worst and for the best answer, where it is not 0 and 1. */
  qualityRange: z
    .tuple([z.number(), z.number()])
    .readonly()
    .refine(([worst, best]) => best > worst, 'give the worst quality, then the best')
    .exactOptional(),
  /** USD per million tokens, input and output, by model. */
  prices: z
    .record(z.string(), z.tuple([z.number().min(0), z.number().min(0)]).readonly())
    .readonly()
    .exactOptional(),
})

export type Columns = Readonly<z.infer<typeof columnsSchema>>
export type ColumnNames = Omit<Columns, 'qualityRange' | 'prices'>
export type Prices = NonNullable<Columns['prices']>

export const MEASURES = ['quality', 'costUsd', 'inputTokens', 'outputTokens', 'latencyS'] as const
export type Measure = (typeof MEASURES)[number]
/** Where each measure of one model stands, and its answers. */
export type AnswerColumns = Readonly<Partial<Record<Measure | 'answer', string>>>

/** Reads a mapping written as JSON. Throws `invalid_request` with all that is wrong. */
export function parseColumns(json: string): Columns {
  try {
    return columnsSchema.parse(JSON.parse(json))
  } catch (cause) {
    const what = cause instanceof z.ZodError ? z.prettifyError(cause) : 'it is not JSON'
    throw new SwitchyardError(
      'invalid_request',
      `--columns: ${what}. Write it like {"prompt": "question", "model": "llm", "quality": "score"}; it may have ${Object.keys(columnsSchema.shape).join(', ')}.`,
      { cause },
    )
  }
}

/** The columns of each model, where a table has one row per query. A model has all measures. Throws `data_invalid` when there is none. */
export function modelColumns(table: Table, columns: Columns): Map<string, AnswerColumns> {
  const patterns = MEASURES.flatMap((measure) => {
    const pattern = columns[measure]
    return pattern === undefined ? [] : [[measure, pattern] as const]
  })
  if (columns.quality.split('*').length !== 2)
    throw dataInvalid(
      table.path,
      `where no column "model" is named, "quality" needs one * in the place of the model's name, not "${columns.quality}".`,
    )
  const known = new Set(table.columns)
  const labels = new Set([columns.prompt, columns.id, columns.task, columns.split])
  const found = table.columns.flatMap((name) => {
    const model = modelIn(name, columns.quality)
    if (model === null || labels.has(name)) return []
    const nameIn = (pattern: string) => pattern.replace('*', () => model)
    const own = patterns.map(([measure, pattern]) => [measure, nameIn(pattern)] as const)
    if (!own.every(([, one]) => known.has(one))) return []
    const answer = nameIn(columns.answer ?? '')
    return [[model, { ...Object.fromEntries(own), ...(known.has(answer) && { answer }) }] as const]
  })
  if (found.length > 0) return new Map(found)
  const wanted = patterns.map(([measure, pattern]) => `"${pattern}" (${measure})`).join(' together with ')
  throw dataInvalid(table.path, `no model has a column ${wanted}; ${listColumns(table)}`)
}

/** What stands in a column's name where the pattern has its `*`; `null`: the name does not fit. */
export function modelIn(name: string, pattern: string): string | null {
  const [prefix = '', suffix = ''] = pattern.split('*')
  const fits = name.length > prefix.length + suffix.length && name.startsWith(prefix) && name.endsWith(suffix)
  return fits ? name.slice(prefix.length, name.length - suffix.length) : null
}

/** Throws `data_invalid` for a column that is named and not there. */
export function checkColumns(table: Table, columns: Columns): void {
  const { qualityRange: _range, prices: _prices, ...names } = columns
  for (const [meaning, name] of Object.entries(names satisfies ColumnNames)) {
    const starred = columns.model === undefined && STARRED.has(meaning) && name.includes('*')
    if (!starred && !table.columns.includes(name))
      throw dataInvalid(table.path, `there is no column "${name}" (${meaning}); ${listColumns(table)}`)
  }
}

const STARRED: ReadonlySet<string> = new Set([...MEASURES, 'answer'])
const LISTED = 40

export function listColumns({ columns }: Table): string {
  const shown = columns.slice(0, LISTED).map((name) => JSON.stringify(name))
  return `it has ${shown.join(', ')}${columns.length > LISTED ? ` and ${columns.length - LISTED} more` : ''}.`
}
