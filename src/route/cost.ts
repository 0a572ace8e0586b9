/** What a call costs, in USD. */
import type { Candidate, Price, Query, Usage } from '../spec.ts'

const TOKENS_PER_MTOK = 1e6

/** The cost of a finished call; `null` when the price is not known. Cached and cache-writing tokens without their own price cost as input. */
export function costUsd(price: Price | null, usage: Usage): number | null {
  if (price === null) return null
  const { inputPerMTok, cachedInputPerMTok = inputPerMTok, cacheWritePerMTok = inputPerMTok, outputPerMTok } = price
  const fresh = Math.max(0, usage.input - usage.cachedInput - usage.cacheWrite)
  const total =
    fresh * inputPerMTok +
    usage.cachedInput * cachedInputPerMTok +
    usage.cacheWrite * cacheWritePerMTok +
    usage.output * outputPerMTok
  return total / TOKENS_PER_MTOK
}

/** The cost of a call to come, nothing cached; `NaN` when the price is not known. */
export function expectedCostUsd(price: Price | null, inputTokens: number, outputTokens: number): number {
  if (price === null) return Number.NaN
  return (price.inputPerMTok * inputTokens + price.outputPerMTok * outputTokens) / TOKENS_PER_MTOK
}

/** The request by which candidates are compared before any request is seen. */
export const TYPICAL = { inputTokens: 1000, outputTokens: 300 } as const

/** What a candidate that a client named is expected to cost a query: nothing is predicted for it, so its believed length counts. */
export function namedCostUsd(
  { price, priors, maxOutput = Number.POSITIVE_INFINITY }: Candidate,
  { inputTokens, maxOutputTokens = Number.POSITIVE_INFINITY }: Pick<Query, 'inputTokens' | 'maxOutputTokens'>,
): number {
  const believed = priors?.outputTokens ?? TYPICAL.outputTokens
  return expectedCostUsd(price, inputTokens, Math.min(believed, maxOutputTokens, maxOutput))
}
