/** Candidates and queries for the tests of this folder. */
import type { Candidate, Price, Query } from '../spec.ts'

export function candidate(id: string, price: Price | null, rest: Partial<Candidate> = {}): Candidate {
  return {
    id,
    provider: 'test',
    model: id,
    wire: 'openai',
    price,
    contextWindow: 8000,
    capabilities: new Set(),
    tags: [],
    ...rest,
  }
}

/** Priced so that a typical request costs `usd`. */
export function costing(id: string, usd: number, rest: Partial<Candidate> = {}): Candidate {
  return candidate(id, { inputPerMTok: (usd / 1300) * 1e6, outputPerMTok: (usd / 1300) * 1e6 }, rest)
}

export function query(rest: Partial<Query> = {}): Query {
  return { text: '', vector: null, features: new Float64Array(0), inputTokens: 1000, requires: new Set(), ...rest }
}
