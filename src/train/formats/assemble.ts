/** From recorded answers to an outcome set, with what follows from them: tokens from costs and prices, and costs from tokens. */

import { estimateInputTokens } from '../../embed/features.ts'
import { expectedCostUsd } from '../../route/cost.ts'
import type { Candidate, Price } from '../../spec.ts'
import type { OutcomeQuery, OutcomeSet } from '../dataset.node.ts'
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
  const candidates = models.map((model, column) =>
    toCandidate(model, derive(outcomes, { queries, column, models, prices })),
  )
  return { name, queries, candidates, ...outcomes, duplicates: findDuplicates(queries), sha256 }
}

type Outcomes = Pick<OutcomeSet, 'quality' | 'costUsd' | 'inputTokens' | 'outputTokens'>

/** One token of a model that has costs and no price. */
const MICRO_USD: Price = { inputPerMTok: 0, outputPerMTok: 1 }

/**
 * Fills in what follows from the rest, for one model; returns its price. Input tokens that are not recorded are estimated as the
 * gateway does. Of a model without a price the costs themselves are learned: in place of output tokens stand millionths of a USD,
 * and its price is 1 USD for a million of them.
 */
function derive(
  { quality, costUsd, inputTokens, outputTokens }: Outcomes,
  of: {
    readonly queries: readonly OutcomeQuery[]
    readonly column: number
    readonly models: readonly string[]
    readonly prices: Prices
  },
): Price | null {
  const { queries, column, models, prices } = of
  const listed = prices[models[column]!]
  const price = listed === undefined ? null : { inputPerMTok: listed[0], outputPerMTok: listed[1] }
  const cells = queries.map((_, row) => row * models.length + column)
  const priceless = price === null && cells.some((at) => !Number.isNaN(costUsd[at]!))
  for (const [row, { prompt }] of queries.entries()) {
    const at = cells[row]!
    const cost = costUsd[at]!
    if (Number.isNaN(cost) && Number.isNaN(quality[at]!)) continue
    if (Number.isNaN(inputTokens[at]!)) inputTokens[at] = estimateInputTokens(toAsk(prompt))
    if (priceless) {
      outputTokens[at] = cost * 1e6
    } else if (Number.isNaN(cost)) {
      costUsd[at] = expectedCostUsd(price, inputTokens[at]!, outputTokens[at]!)
    } else if (price !== null && Number.isNaN(outputTokens[at]!) && price.outputPerMTok > 0) {
      outputTokens[at] = Math.max(
        0,
        Math.round((cost * 1e6 - inputTokens[at]! * price.inputPerMTok) / price.outputPerMTok),
      )
    }
  }
  return priceless ? MICRO_USD : price
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
