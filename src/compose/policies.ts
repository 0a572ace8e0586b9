/** Keeps each route's policies what the log says they should be. */
import type { Installation } from '../policy/check.ts'
import type { Shelf } from '../policy/shelf.ts'
import { HISTORY, standingOf } from '../policy/standing.ts'
import type { Activation, Policy, Store } from '../spec.ts'
import { type Compiled, compilePolicy } from './policy.ts'

/** Policies of one kind, by route. */
export interface Place {
  readonly shelf: Shelf<Compiled>
  /** By route, the time of the activation that was tried last: a refused policy is tried again when it is activated again. */
  readonly tried: Map<string, number | null>
}

export interface PolicySources {
  readonly store: Pick<Store, 'activations' | 'history'>
  readonly incumbents: Place
  readonly canaries: Place
  /** By route, the activation of the canary that the log asks for. */
  readonly running: Map<string, Activation>
  /** Reads and verifies a policy by its id. */
  readonly read: (id: string) => Promise<Policy>
  /** What serves a route for which nothing was ever put in charge; the demo has one. */
  readonly embedded: (route: string) => Policy | null
  readonly installation: (route: string) => Installation
}

/** What serves another policy, or another share of the requests, than before. */
export interface Change {
  readonly route: string
  readonly place: 'incumbents' | 'canaries'
}

/**
 * Brings the shelves in line with the newest activations. A policy that cannot serve is refused and the last good one
 * stays; a canary that cannot leaves all requests to what serves.
 */
export async function syncPolicies(routes: readonly string[], sources: PolicySources): Promise<Change[]> {
  const { store, embedded, running } = sources
  const activations = new Map((await store.activations()).map((activation) => [activation.route, activation]))
  const changed: Change[] = []
  for (const route of routes) {
    const newest = activations.get(route)
    const isTried = newest !== undefined && newest.share < 1
    const { incumbent, canary } = standingOf(isTried ? await store.history(route, HISTORY) : newest ? [newest] : [])
    const given = incumbent ? null : embedded(route)
    const policy = incumbent ? incumbent.policy : (given?.id ?? null)
    if (await follow('incumbents', { route, policy, at: incumbent?.at ?? null, given }, sources))
      changed.push({ route, place: 'incumbents' })
    const before = running.get(route)
    if (canary) running.set(route, canary)
    else running.delete(route)
    const wanted = { route, policy: canary?.policy ?? null, at: canary?.at ?? null, given: embedded(route) }
    if ((await follow('canaries', wanted, sources)) || before?.at !== canary?.at)
      changed.push({ route, place: 'canaries' })
  }
  return changed
}

interface Wanted {
  readonly route: string
  readonly policy: string | null
  /** Time of the activation that asks for it. */
  readonly at: number | null
  /** The embedded policy where it may serve; it need not be read. */
  readonly given: Policy | null
}

/** Whether anything changed. */
async function follow(
  place: Change['place'],
  { route, policy, at, given }: Wanted,
  { [place]: { shelf, tried }, read, installation }: PolicySources,
): Promise<boolean> {
  const active = shelf.active(route)?.id ?? null
  const refusal = shelf.refusal(route)
  const refused = refusal?.id === policy && tried.get(route) === at
  // Where nothing is asked for any more, what was refused is no matter either.
  const stale = policy === null && refusal !== null
  if ((policy === active && !stale) || refused) return false
  tried.set(route, at)
  if (policy === null) shelf.withdraw(route)
  else
    await shelf.offer(route, policy, async () =>
      compilePolicy(given?.id === policy ? given : await read(policy), installation(route)),
    )
  return true
}
