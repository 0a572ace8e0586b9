/** From recorded answers to an outcome set, with what follows from them: tokens from costs and prices, and costs from tokens. */

import { estimateInputTokens } from '../../embed/features.ts'
import { expectedCostUsd } from '../../route/cost.ts'
import type { Candidate, Price } from '../../spec.ts'
import type { OutcomeQuery, OutcomeSet } from '../outcomes.ts'
import { toAsk } from '../queries.ts'
import type { Recorded } from './cells.ts'
import type { Prices } from './columns.ts'
import { dataInvalid } from './table.ts'

/** Throws `data_invalid` for an answer that is recorded twice. */
export function assemble(
  { queries, cells }: Recorded,
  { name, sha256, prices }: { readonly name: string; readonly sha256: string; readonly prices: Prices },
): OutcomeSet {
  const models = [...new Set(cells.map(({ model }) => model))]
  const columnOf = new Map(models.map((model, column) => [model, column]))
  const matrix = () => new Float64Array(queries.length * models.length).fill(Number.NaN)
  const outcomes = {
    quality: matrix(),
    costUsd: matrix(),
    inputTokens: matrix(),
    outputTokens: matrix(),
    latencyMs: matrix(),
  }
  const seen = new Set<number>()
  for (const { query, model, where, quality, costUsd, inputTokens, outputTokens, latencyS } of cells) {
    const at = query * models.length + columnOf.get(model)!
    if (seen.has(at))
      throw dataInvalid(where, `the answer of ${model} to query ${queries[query]!.id} is there already.`)
    seen.add(at)
    outcomes.quality[at] = quality
    outcomes.costUsd[at] = costUsd
    outcomes.inputTokens[at] = inputTokens
    outcomes.outputTokens[at] = outputTokens
    outcomes.latencyMs[at] = latencyS * 1000
  }
  estimateInputs(outcomes, queries)
  const candidates = models.map((model, column) => {
    const listed = Object.hasOwn(prices, model) ? prices[model] : undefined
    const price = listed === undefined ? null : { inputPerMTok: listed[0], outputPerMTok: listed[1] }
    const cells = queries.map((_, row) => row * models.length + column)
    return toCandidate(model, derive(outcomes, cells, price))
  })
  return { name, queries, candidates, ...outcomes, duplicates: findDuplicates(queries), sha256 }
}

type Outcomes = Pick<OutcomeSet, 'quality' | 'costUsd' | 'inputTokens' | 'outputTokens'>

/** Input tokens that are not recorded, of answers of which anything is, as the gateway estimates them. */
function estimateInputs({ quality, costUsd, inputTokens }: Outcomes, queries: readonly OutcomeQuery[]): void {
  const width = quality.length / queries.length
  for (const [row, { prompt }] of queries.entries()) {
    const cells = Array.from({ length: width }, (_, column) => row * width + column)
    const missing = cells.filter(
      (at) => Number.isNaN(inputTokens[at]!) && !(Number.isNaN(quality[at]!) && Number.isNaN(costUsd[at]!)),
    )
    if (missing.length === 0) continue
    const estimate = estimateInputTokens(toAsk(prompt))
    for (const at of missing) inputTokens[at] = estimate
  }
}

/** One token of a model that has costs and no price. */
const MICRO_USD: Price = { inputPerMTok: 0, outputPerMTok: 1 }

/**
 * Fills in what follows from the rest in the cells of one model; returns its price. Of a model without a price the costs
 * themselves are learned: in place of output tokens stand millionths of a USD, and its price is 1 USD for a million of them.
 */
function derive(
  { costUsd, inputTokens, outputTokens }: Outcomes,
  cells: readonly number[],
  price: Price | null,
): Price | null {
  if (price === null) {
    if (cells.every((at) => Number.isNaN(costUsd[at]!))) return null
    for (const at of cells) outputTokens[at] = costUsd[at]! * 1e6
    return MICRO_USD
  }
  for (const at of cells) {
    if (Number.isNaN(costUsd[at]!)) costUsd[at] = expectedCostUsd(price, inputTokens[at]!, outputTokens[at]!)
    else if (Number.isNaN(outputTokens[at]!) && price.outputPerMTok > 0) {
      const answerUsd = costUsd[at]! - (inputTokens[at]! * price.inputPerMTok) / 1e6
      outputTokens[at] = Math.max(0, Math.round((answerUsd * 1e6) / price.outputPerMTok))
    }
  }
  return price
}

/** Sets do not say what their models could do beside answering: nothing is demanded of them, so nothing is claimed. */
function toCandidate(model: string, price: Price | null): Candidate {
  return {
    id: model,
    provider: 'replay',
    model,
    wire: 'openai',
    price,
    contextWindow: 1_000_000,
    capabilities: new Set(),
    tags: [],
  }
}

function findDuplicates(queries: readonly OutcomeQuery[]): string[][] {
  const groups = Map.groupBy(queries, ({ prompt }) => prompt)
  return [...groups.values()].filter((group) => group.length > 1).map((group) => group.map(({ id }) => id))
}
