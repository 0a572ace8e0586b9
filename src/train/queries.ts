/** Recorded prompts as the gateway would see them: one user turn, cut to the encoder's window, with features and vector. */
import { makeQuery } from '../embed/query.ts'
import { windowText } from '../embed/window.ts'
import { SwitchyardError } from '../errors.ts'
import type { Ask, Encoder, Query } from '../spec.ts'
import type { LoggedQuery, OutcomeSet } from './outcomes.ts'
import { embedCached } from './vectors.node.ts'

export interface QueryOptions {
  /** `null`: features only. */
  readonly encoder: Encoder | null
  /** Where vectors are kept between runs. */
  readonly cacheDir: string
  readonly onProgress?: (done: number, total: number) => void
}

/** A query that waits for its vector. */
interface Pending {
  /** What is embedded; `null`: the text is gone. */
  readonly text: string | null
  /** Known without embedding. */
  readonly vector: Float32Array | null
  complete(vector: Float32Array | null): Query
}

/** The queries of prompts, in their order. */
export function toQueries(prompts: readonly string[], options: QueryOptions): Promise<Query[]> {
  return embedAll(prompts.map(ofPrompt), options)
}

/**
 * The queries of a set's rows, by row. Those that a gateway logged are as it met them, with its vector where it has one of this
 * encoder. Throws `data_invalid` when not one has a vector though there is an encoder.
 */
export async function queriesOf(
  set: Pick<OutcomeSet, 'name' | 'queries'>,
  rows: readonly number[],
  options: QueryOptions,
): Promise<Map<number, Query>> {
  const id = options.encoder?.info.id
  const recorded = rows.map((row) => set.queries[row]!)
  const queries = await embedAll(
    recorded.map(({ prompt, logged }) => (logged === undefined ? ofPrompt(prompt) : ofLogged(logged, id))),
    options,
  )
  if (id !== undefined && queries.length > 0 && queries.every(({ vector }) => vector === null)) {
    const known = [...new Set(recorded.flatMap(({ logged }) => [...(logged?.vectors.keys() ?? [])]))]
    throw new SwitchyardError(
      'data_invalid',
      `${set.name} has neither texts nor vectors of the encoder ${id}${known.length === 0 ? '' : `, only of ${known.join(', ')}`}. Learn with the encoder that the gateway had, or with "encoder": {"driver": "none"} from the features alone.`,
    )
  }
  return new Map(rows.map((row, i) => [row, queries[i]!]))
}

async function embedAll(pending: readonly Pending[], options: QueryOptions): Promise<Query[]> {
  const { encoder } = options
  if (encoder === null) return pending.map((one) => one.complete(null))
  const texts = pending.flatMap(({ text, vector }) => (text === null || vector !== null ? [] : [text]))
  const made = await embedCached(texts, { ...options, encoder })
  const vectorOf = new Map(texts.map((text, i) => [text, made[i]!]))
  return pending.map((one) => one.complete(one.vector ?? (one.text === null ? null : vectorOf.get(one.text)!)))
}

function ofPrompt(prompt: string): Pending {
  const ask = toAsk(prompt)
  const text = windowText(ask.turns)
  return { text, vector: null, complete: (vector) => makeQuery(ask, text, vector) }
}

function ofLogged({ text, features, inputTokens, vectors }: LoggedQuery, encoder: string | undefined): Pending {
  return {
    text,
    vector: encoder === undefined ? null : (vectors.get(encoder) ?? null),
    complete: (vector) => ({ text: text ?? '', vector, features, inputTokens, requires: new Set() }),
  }
}

/** The request that a client makes when it sends a prompt as its only message. */
export function toAsk(prompt: string): Ask {
  return {
    wire: 'openai',
    asked: 'auto',
    stream: false,
    turns: [{ role: 'user', text: prompt }],
    requires: new Set(),
    tools: 0,
    images: 0,
  }
}
