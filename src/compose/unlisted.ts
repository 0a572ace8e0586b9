/** A candidate for a model that a client names and no configuration lists. */
import { loadCatalogue } from '../config/catalogue.ts'
import type { Config } from '../config/config.ts'
import { SwitchyardError } from '../errors.ts'
import type { World } from '../flow/world.ts'

/** The catalogue is loaded only where some provider takes such names. */
export async function unlistedBy({ providers, patterns }: Config): Promise<World['unlisted']> {
  const catalogue = patterns.length > 0 ? await loadCatalogue() : null
  return (id, model) => {
    const provider = providers.find((one) => one.id === id)
    if (!provider)
      throw new SwitchyardError('internal', `A model pattern names the provider "${id}", which is not configured.`)
    const facts = catalogue?.(provider, model)
    return {
      id: model,
      provider: id,
      model,
      wire: provider.wire,
      price: facts?.price ?? null,
      contextWindow: facts?.contextWindow ?? Number.MAX_SAFE_INTEGER,
      ...(facts?.maxOutput != null && { maxOutput: facts.maxOutput }),
      capabilities: new Set(facts?.capabilities ?? []),
      tags: [],
    }
  }
}
