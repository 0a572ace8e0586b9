/** Outcome sets: what candidates answered to queries, and what that was worth. */
import type { Candidate } from '../spec.ts'

export interface OutcomeQuery {
  readonly id: string
  /** The benchmark's label; a router never sees it. */
  readonly task: string
  readonly split: string
  /** Of a logged query whose text was not kept, the hash of it, which tells equal prompts from others. */
  readonly prompt: string
  /** The last question without few-shot examples, where the set has it. */
  readonly core?: string
  readonly logged?: LoggedQuery
  /** Whose request a logged query was. */
  readonly key?: string
}

/** A query as a gateway met it. */
export interface LoggedQuery {
  /** The embedded text, where it was kept. */
  readonly text: string | null
  readonly features: Float64Array
  readonly inputTokens: number
  /** By encoder. */
  readonly vectors: ReadonlyMap<string, Float32Array>
}

/** Recorded outcomes of every candidate on every query. Matrices are row-major, rows = queries, columns = candidates; `NaN` = not known. */
export interface OutcomeSet {
  readonly name: string
  readonly queries: readonly OutcomeQuery[]
  readonly candidates: readonly Candidate[]
  /** In [0, 1]. */
  readonly quality: Float64Array
  /** Where the set does not say, what price and tokens make. */
  readonly costUsd: Float64Array
  /** Where the set does not say, the gateway's estimate from the prompt. */
  readonly inputTokens: Float64Array
  /** Where the set does not say, what cost and price leave for the answer. */
  readonly outputTokens: Float64Array
  readonly latencyMs: Float64Array
  /** Of a log: the probability with which each candidate was asked; 0 = could not be. Of such a row one quality is known, drawn by these. */
  readonly chances?: Float64Array
  /** Vectors of the recorded answers, by `withAnswers`; `null` = not known. */
  readonly answers?: readonly (Float32Array | null)[]
  /** The recorded answers themselves, laid out likewise, by `withTexts`. */
  readonly texts?: readonly (string | null)[]
  /** How sure the candidates were of them, see `StreamReader.logprob`. */
  readonly logprobs?: Float64Array
  /** Ids of queries that share one prompt, in groups of two or more: a replay can serve only one of each group. */
  readonly duplicates: readonly (readonly string[])[]
  /** Of what was read. */
  readonly sha256: string
}
