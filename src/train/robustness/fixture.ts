/** A set in which the length of a prompt tells all: `cheap` answers short prompts, long ones only `dear` does. For tests. */
import type { Candidate, Query } from '../../spec.ts'
import type { OutcomeSet } from '../outcomes.ts'
import { readOnce } from './texts.ts'

const candidate = (id: string, usd: number): Candidate => ({
  id,
  provider: 'replay',
  model: id,
  wire: 'openai',
  price: { inputPerMTok: 0, outputPerMTok: usd },
  contextWindow: 1e6,
  capabilities: new Set(),
  tags: [],
})

export interface World {
  readonly set: OutcomeSet
  /** By row: features, no vectors. */
  readonly queries: ReadonlyMap<number, Query>
  readonly train: readonly number[]
  readonly test: readonly number[]
}

/** @param count prompts, three of four of them to learn from */
export async function createWorld(count: number): Promise<World> {
  const candidates = [candidate('cheap', 10), candidate('dear', 100)]
  const rows = Array.from({ length: count }, (_, row) => row)
  const long = (row: number) => row % 2 === 1
  const prompts = rows.map((row) =>
    Array.from({ length: long(row) ? 40 : 8 }, (_, i) => `word${(row * 7 + i) % 50}`).join(' '),
  )
  const queries = await readOnce(prompts, null)
  const isTest = (row: number) => row % 4 >= 3 || row % 8 === 2
  const set: OutcomeSet = {
    name: 'world',
    queries: rows.map((row) => ({
      id: `q${row}`,
      task: '',
      split: isTest(row) ? 'test' : 'train',
      prompt: prompts[row]!,
    })),
    candidates,
    quality: Float64Array.from(rows.flatMap((row) => [long(row) ? 0 : 1, 1])),
    costUsd: Float64Array.from(rows.flatMap(() => [0.001, 0.01])),
    inputTokens: new Float64Array(2 * count).fill(10),
    outputTokens: new Float64Array(2 * count).fill(100),
    latencyMs: new Float64Array(2 * count).fill(Number.NaN),
    duplicates: [],
    sha256: 'a'.repeat(64),
  }
  return {
    set,
    queries: new Map(rows.map((row) => [row, queries[row]!])),
    train: rows.filter((row) => !isTest(row)),
    test: rows.filter(isTest),
  }
}
