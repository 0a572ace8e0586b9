/** What is known of a model without asking anybody: list price, context window, output limit, capabilities. */
import type { ModelPrice } from '@pydantic/genai-prices'
import type { Capability, Price } from '../spec.ts'
import { familyOf, unpricedModel } from './catalogue.models.ts'
import { DEMO_CANDIDATES } from './demo.ts'

export interface ModelFacts {
  readonly price: Price | null
  readonly contextWindow: number | null
  readonly maxOutput: number | null
  /** `null`: the model's family is not known. */
  readonly capabilities: readonly Capability[] | null
}

export type Catalogue = (
  provider: { readonly kind: string; readonly baseUrl?: string | undefined },
  model: string,
) => ModelFacts

const NOTHING: ModelFacts = { price: null, contextWindow: null, maxOutput: null, capabilities: null }

/**
 * Loads the price catalogue, some hundred kilobytes; so this is called only when a candidate leaves something out.
 * Prices are those of `now`. A provider is known by its base URL; an unknown one is taken to ask its vendor's list
 * prices for the vendor's models. Dated snapshots resolve to their family.
 */
export async function loadCatalogue(now = new Date()): Promise<Catalogue> {
  const { calcPrice, findProvider } = await import('@pydantic/genai-prices')
  return ({ kind, baseUrl }, model) => {
    if (kind === 'demo') return demoFacts(model)
    if (kind !== 'openai' && kind !== 'anthropic') return NOTHING
    const seller = (baseUrl && findProvider({ providerApiUrl: baseUrl })) || findProvider({ providerId: kind })
    const vendor = seller?.id === 'openai' || seller?.id === 'anthropic' ? seller.id : null
    const family = vendor && familyOf(vendor, model)
    const own = vendor && unpricedModel(vendor, model)
    // A usage of nothing: only the model it finds and the price in force are wanted.
    const found = !own && seller ? calcPrice({}, model, { provider: seller, timestamp: now }) : null
    return {
      price: own?.price ?? (found ? readPrice(found.model_price) : null),
      contextWindow: own?.contextWindow ?? found?.model.context_window ?? null,
      maxOutput: family?.maxOutput ?? null,
      capabilities: family?.capabilities ?? null,
    }
  }
}

function demoFacts(model: string): ModelFacts {
  const candidate = DEMO_CANDIDATES.find((demo) => demo.model === model)
  if (!candidate) return NOTHING
  const { price, contextWindow, maxOutput = null, capabilities } = candidate
  return { price, contextWindow, maxOutput, capabilities: [...capabilities] }
}

/** Tiered prices count with their base: surcharges for very long prompts are not modelled. */
function readPrice(prices: ModelPrice): Price | null {
  const usd = (key: string) => {
    const price = prices[key]
    return typeof price === 'object' ? price.base : price
  }
  const inputPerMTok = usd('input_mtok')
  const outputPerMTok = usd('output_mtok')
  if (inputPerMTok === undefined || outputPerMTok === undefined) return null
  const cachedInputPerMTok = usd('cache_read_mtok')
  const cacheWritePerMTok = usd('cache_write_mtok')
  return {
    inputPerMTok,
    ...(cachedInputPerMTok !== undefined && { cachedInputPerMTok }),
    ...(cacheWritePerMTok !== undefined && { cacheWritePerMTok }),
    outputPerMTok,
  }
}
