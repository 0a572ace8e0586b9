/** A request as the estimators see it. */
import type { Ask, Query } from '../spec.ts'
import { estimateInputTokens, extractFeatures } from './features.ts'

/** A request that nothing is predicted for: what the log keeps of it needs neither vector nor features. */
export function unroutedQuery(ask: Ask, text: string): Query {
  return {
    text,
    vector: null,
    features: new Float64Array(0),
    inputTokens: estimateInputTokens(ask),
    ...maxOutputTokens(ask),
    requires: ask.requires,
  }
}

/**
 * @param text the windowed text, see `windowText`
 * @param vector of that text, or `null` when the encoder had none in time
 */
export function makeQuery(ask: Ask, text: string, vector: Float32Array | null): Query {
  return {
    text,
    vector,
    features: extractFeatures(ask),
    inputTokens: estimateInputTokens(ask),
    ...maxOutputTokens(ask),
    requires: ask.requires,
  }
}

function maxOutputTokens({ maxOutputTokens }: Ask): Pick<Query, 'maxOutputTokens'> {
  return maxOutputTokens === undefined ? {} : { maxOutputTokens }
}
