/** Other wordings of a set's prompts, for routers that know a prompt by its row. */
import { makeQuery } from '../../embed/query.ts'
import { windowText } from '../../embed/window.ts'
import type { Encoder, Query } from '../../spec.ts'
import type { OutcomeQuery, OutcomeSet } from '../outcomes.ts'
import { toAsk } from '../queries.ts'

export interface Wording {
  /** The recorded row whose prompt is worded otherwise. */
  readonly origin: number
  readonly prompt: string
  readonly query: Query
}

export interface Texts {
  /** The recorded rows, then those that are lent: they have a prompt and no outcomes. */
  readonly set: OutcomeSet
  /** By row. */
  readonly queries: ReadonlyMap<number, Query>
  /** The recorded row that a lent one is a wording of; of a recorded row itself. */
  originOf(row: number): number
  /** Gives each wording a row for as long as `use` runs. No row is given twice: routers remember what they said of one. */
  lend<T>(wordings: readonly Wording[], use: (rows: readonly number[]) => T): T
}

/** @param queries by row, those that routers learn from and are judged by */
export function createTexts(set: OutcomeSet, queries: ReadonlyMap<number, Query>): Texts {
  const rows: OutcomeQuery[] = [...set.queries]
  const known = new Map(queries)
  const origins = new Map<number, number>()
  return {
    set: { ...set, queries: rows },
    queries: known,
    originOf: (row) => origins.get(row) ?? row,
    lend(wordings, use) {
      const lent = wordings.map(({ origin, prompt, query }) => {
        const row = rows.push({ ...set.queries[origin]!, prompt }) - 1
        known.set(row, query)
        origins.set(row, origin)
        return row
      })
      try {
        return use(lent)
      } finally {
        for (const row of lent) {
          rows[row] = GIVEN_BACK
          known.delete(row)
          origins.delete(row)
        }
      }
    },
  }
}

const GIVEN_BACK: OutcomeQuery = { id: '', task: '', split: '', prompt: '' }

/** Queries of prompts that will not be asked for again: as `toQueries` makes them, but nothing is kept on disk. */
export async function readOnce(prompts: readonly string[], encoder: Encoder | null): Promise<Query[]> {
  const asks = prompts.map(toAsk)
  const texts = asks.map(({ turns }) => windowText(turns))
  const vectors = encoder === null ? null : await encoder.embed(texts)
  return asks.map((ask, i) => makeQuery(ask, texts[i]!, vectors?.[i] ?? null))
}
