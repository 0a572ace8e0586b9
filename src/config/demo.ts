/**
 * The candidates of the provider kind `demo`. Their prices, windows and prior qualities are invented: the demo calls
 * nobody and costs nothing, and the figures exist so that routing has something to weigh.
 */
import type { Candidate, Capability } from '../spec.ts'

const capabilities: ReadonlySet<Capability> = new Set<Capability>(['tools', 'json_schema'])
const common = { provider: 'demo', wire: 'openai', contextWindow: 32_768, maxOutput: 4_096, capabilities } as const

/** Invented prices, in USD per million tokens: a cheap talker, two specialists, a dear all-rounder. */
export const DEMO_CANDIDATES: readonly Candidate[] = [
  {
    ...common,
    id: 'demo-chatty',
    model: 'demo-chatty',
    price: { inputPerMTok: 0.1, outputPerMTok: 0.4 },
    tags: ['demo', 'cheap'],
    priors: { quality: 0.3 },
  },
  {
    ...common,
    id: 'demo-coder',
    model: 'demo-coder',
    price: { inputPerMTok: 1, outputPerMTok: 4 },
    tags: ['demo', 'code'],
    priors: { quality: 0.5 },
  },
  {
    ...common,
    id: 'demo-math',
    model: 'demo-math',
    price: { inputPerMTok: 1, outputPerMTok: 4 },
    tags: ['demo', 'math'],
    priors: { quality: 0.5 },
  },
  {
    ...common,
    id: 'demo-sage',
    model: 'demo-sage',
    price: { inputPerMTok: 10, outputPerMTok: 40 },
    tags: ['demo', 'strong'],
    priors: { quality: 0.9 },
  },
]
