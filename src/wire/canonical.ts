/**
 * The canonical form that requests and answers take on their way between *different* dialects. Same-dialect traffic
 * never comes here: its bytes pass through.
 */
import type { Finish, JsonObject, Usage } from '../spec.ts'

export type Part =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image'; readonly source: MediaSource; readonly detail?: string }
  | { readonly type: 'document'; readonly source: MediaSource; readonly name?: string }

export type MediaSource =
  | { readonly kind: 'base64'; readonly mediaType: string; readonly data: string }
  | { readonly kind: 'url'; readonly url: string }

export interface ToolCall {
  readonly id: string
  readonly name: string
  /** The arguments as JSON text, as the model wrote them; `'{}'` when it wrote none. */
  readonly arguments: string
}

export type Message =
  | { readonly role: 'user'; readonly content: readonly Part[] }
  /** Instructions in the middle of a conversation. */
  | { readonly role: 'developer'; readonly content: readonly Part[] }
  | {
      readonly role: 'assistant'
      readonly content: readonly Part[]
      readonly toolCalls: readonly ToolCall[]
      readonly refusal?: string
    }
  | { readonly role: 'tool'; readonly id: string; readonly content: readonly Part[]; readonly isError: boolean }

export interface Tool {
  readonly name: string
  readonly description?: string
  /** JSON schema of the arguments; always an object schema. */
  readonly schema: JsonObject
  readonly strict?: boolean
}

export type ToolChoice = 'auto' | 'required' | 'none' | { readonly name: string }

export type ReasoningEffort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max'

export interface CanonicalRequest {
  /** Leading instructions, kept as separate blocks: merging them would spoil prompt caches. */
  readonly system: readonly string[]
  readonly messages: readonly Message[]
  readonly tools: readonly Tool[]
  readonly toolChoice?: ToolChoice
  readonly parallelToolCalls?: boolean
  readonly maxOutputTokens?: number
  readonly temperature?: number
  readonly topP?: number
  readonly stop: readonly string[]
  /** `schema: null` asks for any JSON object. */
  readonly json?: {
    readonly name: string
    readonly schema: JsonObject | null
    readonly strict?: boolean
    readonly description?: string
  }
  readonly reasoning?: ReasoningEffort
  readonly user?: string
  readonly stream: boolean
  /** The client asked for usage in the stream (always true for Anthropic clients). */
  readonly streamUsage: boolean
}

export interface CanonicalReply {
  readonly id: string
  readonly model: string
  readonly text: string
  readonly reasoning: string
  readonly refusal: string | null
  readonly toolCalls: readonly ToolCall[]
  readonly finish: Finish
  readonly stopSequence: string | null
  readonly usage: Usage | null
}
