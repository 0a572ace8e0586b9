/**
 * What the price catalogue does not tell: output limits and capabilities by model name, and the few current models it
 * does not price yet. From the vendors' model pages and the type definitions of their SDKs, read in November 2026.
 * A newer fact belongs into the configuration first (it wins), then here.
 */
import type { Capability, Price } from '../spec.ts'

export type Vendor = 'openai' | 'anthropic'

interface Family {
  /** Matches from the start of the model name. */
  readonly match: RegExp
  readonly maxOutput?: number
  readonly capabilities: readonly Capability[]
}

const CLAUDE: readonly Capability[] = ['tools', 'vision', 'documents']
const GPT: readonly Capability[] = ['tools', 'vision', 'documents', 'json_schema', 'n']

/** The first match counts. */
const FAMILIES: Readonly<Record<Vendor, readonly Family[]>> = {
  openai: [
    // From GPT-5.6 on, chat completions refuse function tools unless reasoning is switched off, and some of these
    // models cannot switch it off; so they are not offered for requests with tools on this wire.
    {
      match: /^gpt-(6|5[.-]6)/,
      maxOutput: 128_000,
      capabilities: ['vision', 'documents', 'json_schema', 'n', 'reasoning'],
    },
    { match: /^gpt-5([.-]\d)?-chat/, maxOutput: 16_384, capabilities: [...GPT, 'logprobs'] },
    { match: /^gpt-5.*(codex|pro|image)/, capabilities: [] },
    { match: /^gpt-5/, maxOutput: 128_000, capabilities: [...GPT, 'reasoning'] },
    { match: /^gpt-4\.1/, maxOutput: 32_768, capabilities: [...GPT, 'logprobs'] },
    { match: /^(gpt-4o-audio|gpt-4o-mini-audio|gpt-audio)/, maxOutput: 16_384, capabilities: ['tools', 'audio', 'n'] },
    { match: /^gpt-4o.*(search|realtime|transcribe|tts)/, capabilities: [] },
    { match: /^(gpt-4o|chatgpt-4o)/, maxOutput: 16_384, capabilities: [...GPT, 'logprobs'] },
    { match: /^gpt-4-turbo/, maxOutput: 4_096, capabilities: ['tools', 'vision', 'logprobs', 'n'] },
    { match: /^(gpt-4|gpt-3\.5-turbo)(?!.*instruct)/, maxOutput: 4_096, capabilities: ['tools', 'logprobs', 'n'] },
    { match: /^o\d.*(pro|deep-research)/, capabilities: [] },
    { match: /^o1-(mini|preview)/, maxOutput: 65_536, capabilities: ['reasoning', 'n'] },
    { match: /^o3-mini/, maxOutput: 100_000, capabilities: ['tools', 'json_schema', 'reasoning', 'n'] },
    { match: /^o\d/, maxOutput: 100_000, capabilities: [...GPT, 'reasoning'] },
  ],
  anthropic: [
    { match: /^claude-(2|v1|instant)/, maxOutput: 4_096, capabilities: [] },
    { match: /^claude-3-(haiku|sonnet|opus)/, maxOutput: 4_096, capabilities: ['tools', 'vision'] },
    { match: /^claude-3[.-]5/, maxOutput: 8_192, capabilities: CLAUDE },
    { match: /^claude-3[.-]7/, maxOutput: 64_000, capabilities: [...CLAUDE, 'reasoning'] },
    { match: /^claude-opus-4([.-][01])?(-\d{8})?$/, maxOutput: 32_000, capabilities: [...CLAUDE, 'reasoning'] },
    { match: /^claude-sonnet-4([.-]0)?(-\d{8})?$/, maxOutput: 64_000, capabilities: [...CLAUDE, 'reasoning'] },
    {
      match: /^claude-((opus|sonnet|haiku)-4[.-]5|sonnet-4[.-]6)/,
      maxOutput: 64_000,
      capabilities: [...CLAUDE, 'json_schema', 'reasoning'],
    },
    {
      match: /^claude-(opus|sonnet|haiku|fable|mythos)-[4-9]/,
      maxOutput: 128_000,
      capabilities: [...CLAUDE, 'json_schema', 'reasoning'],
    },
  ],
}

interface Unpriced {
  readonly price: Price
  readonly contextWindow: number
}

/** List prices up to the threshold of the long-context surcharge, as the catalogue's own base prices are. */
const UNPRICED: Readonly<Record<Vendor, Readonly<Record<string, Unpriced>>>> = {
  openai: {
    'gpt-6.1-sol': {
      price: { inputPerMTok: 2, cachedInputPerMTok: 0.1, cacheWritePerMTok: 2.5, outputPerMTok: 10 },
      contextWindow: 1_050_000,
    },
  },
  anthropic: {
    'claude-haiku-5-5': {
      price: { inputPerMTok: 0.1, cacheWritePerMTok: 0.125, outputPerMTok: 0.5 },
      contextWindow: 1_000_000,
    },
    'claude-sonnet-5-5': {
      price: { inputPerMTok: 2, cachedInputPerMTok: 0.2, cacheWritePerMTok: 2.5, outputPerMTok: 10 },
      contextWindow: 1_000_000,
    },
  },
}

/** Output limit and capabilities by the model's name, or `null` when its family is not known. */
export function familyOf(vendor: Vendor, model: string): Family | null {
  return FAMILIES[vendor].find(({ match }) => match.test(model)) ?? null
}

/** A current model that the price catalogue does not know, under its name or a dated snapshot of it. */
export function unpricedModel(vendor: Vendor, model: string): Unpriced | null {
  return UNPRICED[vendor][model.replace(/-(\d{8}|\d{4}-\d{2}-\d{2})$/, '')] ?? null
}
