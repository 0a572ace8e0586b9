/** A simulated model: what it says, without any wire format. `upstream.ts` puts it on the wire. */
import type { JsonObject } from '../spec.ts'

export interface SimulatedRequest {
  readonly model: string
  /** The last user turn's text. */
  readonly prompt: string
  /** Characters of the whole request's text, for token counts. */
  readonly chars: number
  readonly tools: readonly { readonly name: string; readonly schema: JsonObject }[]
  /** The client insists on a tool call; a string names the tool. */
  readonly forceTool: boolean | string
  /** Text of the tool results after the last user turn; non-empty in the second half of a tool round trip. */
  readonly toolResults: readonly string[]
  /** JSON is asked for, with this schema if any. */
  readonly json: { readonly schema: JsonObject | null } | null
  readonly maxOutputTokens: number | null
}

export interface SimulatedAnswer {
  readonly text: string
  readonly toolCalls: readonly { readonly name: string; readonly arguments: JsonObject }[]
  readonly inputTokens: number
  readonly outputTokens: number
  readonly finish: 'stop' | 'length' | 'tool_calls'
  /** To the first token. */
  readonly latencyMs: number
  /** Of each of its tokens. Absent: the model does not give any, whoever asks. */
  readonly logprob?: number
}

/** What the simulated provider says when it cannot answer; rendered in the dialect's own envelope. */
export class SimulatedRefusal extends Error {
  readonly status: 400 | 404
  constructor(status: 400 | 404, message: string) {
    super(message)
    this.status = status
  }
}

/** Answers one request or throws `SimulatedRefusal`. */
export type Behaviour = (request: SimulatedRequest) => SimulatedAnswer

/** A request as one of the two readers leaves it. */
export interface ReadRequest {
  readonly request: SimulatedRequest
  readonly stream: boolean
  readonly includeUsage: boolean
  /** Log-probabilities of the answer's tokens are asked for. */
  readonly logprobs: boolean
}

/** Splits text as token streams do: words with their leading blank. */
export function pieces(text: string): string[] {
  return text.match(/\s*\S+|\s+/gu) ?? []
}

/** Tokens of a text in the simulated models' tokenizer: four characters each. */
export function countTokens(chars: number): number {
  return Math.max(1, Math.ceil(chars / 4))
}
