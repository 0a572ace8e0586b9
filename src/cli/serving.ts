/** What serves each route, for people. */
import { watchCanary } from '../compose/canaries.ts'
import { readEmbedded } from '../compose/embedded.node.ts'
import { embeddedMisfit, hasDemo } from '../compose/embedded.ts'
import type { Config, RouteSettings } from '../config/config.ts'
import { HISTORY, standingOf } from '../policy/standing.ts'
import type { Activation, Policy, Store } from '../spec.ts'
import { describeCanaryState } from './evidence.ts'
import { percent } from './share.ts'

/** A line per route: what was put in charge, else the embedded policy where it fits, else the constant; and one for a canary beside it. */
export async function describeServing(config: Config, store: Pick<Store, 'history' | 'rows'>): Promise<string[]> {
  const embedded = hasDemo(config) ? (await readEmbedded()).policy : null
  const lines: string[] = []
  for (const route of config.routes) {
    const { incumbent, canary } = standingOf(await store.history(route.name, HISTORY))
    const original = embedded !== null && embeddedMisfit(embedded, config, route) === null ? embedded.id : null
    lines.push(describeIncumbent(route, { incumbent, embedded, original }))
    if (canary === null) continue
    const serves = incumbent === null ? original : incumbent.policy
    const { keyShare } = config.learning.reward
    lines.push(...(await describeCanary(canary, { store, embedded, serves, keyShare })))
  }
  return lines
}

interface Incumbent {
  readonly incumbent: Activation | null
  readonly embedded: Policy | null
  /** What serves while nothing was put in charge. */
  readonly original: string | null
}

function describeIncumbent({ name }: RouteSettings, { incumbent, embedded, original }: Incumbent): string {
  if (incumbent) return `route ${name}: ${nameOf(incumbent.policy, embedded)} since ${isoTime(incumbent.at)}`
  const serving = original === null ? 'the constant' : `${original} (the demo policy, embedded)`
  return `route ${name}: ${serving}; nothing was ever promoted`
}

interface Beside {
  readonly store: Pick<Store, 'rows'>
  readonly embedded: Policy | null
  readonly serves: string | null
  readonly keyShare: number
}

async function describeCanary(canary: Activation, { store, embedded, serves, keyShare }: Beside): Promise<string[]> {
  const watch = watchCanary(store, { canary, incumbent: serves, keyShare })
  await watch.read(Number.POSITIVE_INFINITY)
  const { policy, share, at } = canary
  return [
    `  canary: ${nameOf(policy, embedded)} on ${percent(share)} of the requests since ${isoTime(at)}`,
    `  ${describeCanaryState(watch.state())}`,
  ]
}

function nameOf(id: string | null, embedded: Policy | null): string {
  if (id === null) return 'the constant'
  return id === embedded?.id ? `${id} (the demo policy)` : id
}

function isoTime(at: number): string {
  return new Date(at).toISOString()
}
