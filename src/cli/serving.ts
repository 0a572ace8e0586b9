/** What serves each route, for people. */
import { readEmbedded } from '../compose/embedded.node.ts'
import { embeddedMisfit, hasDemo } from '../compose/embedded.ts'
import type { Config } from '../config/config.ts'
import type { Activation } from '../spec.ts'

/** A line per route: the newest activation, else the embedded policy where it fits, else the constant. */
export async function describeServing(config: Config, activations: readonly Activation[]): Promise<string[]> {
  const embedded = hasDemo(config) ? (await readEmbedded()).policy : null
  return config.routes.map((route) => {
    const activation = activations.find((one) => one.route === route.name)
    if (activation) {
      const { policy, at } = activation
      const name = policy === null ? 'the constant' : policy === embedded?.id ? `${policy} (the demo policy)` : policy
      return `route ${route.name}: ${name} since ${new Date(at).toISOString()}`
    }
    const serving =
      embedded !== null && embeddedMisfit(embedded, config, route) === null
        ? `${embedded.id} (the demo policy, embedded)`
        : 'the constant'
    return `route ${route.name}: ${serving}; nothing was ever promoted`
  })
}
