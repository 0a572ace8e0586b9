/** Keeps each route's policy what the log says it should be. */
import type { Installation } from '../policy/check.ts'
import type { Shelf } from '../policy/shelf.ts'
import type { Policy, Store } from '../spec.ts'
import { type Compiled, compilePolicy } from './policy.ts'

export interface PolicySources {
  readonly store: Store
  readonly shelf: Shelf<Compiled>
  /** Reads and verifies a policy by its id. */
  readonly read: (id: string) => Promise<Policy>
  /** What serves a route for which nothing was ever activated; the demo has one. */
  readonly embedded: (route: string) => Policy | null
  readonly installation: (route: string) => Installation
  /** By route, the time of the activation that was tried last: a refused policy is tried again when it is activated again. */
  readonly tried: Map<string, number | null>
}

/**
 * Brings the shelf in line with the newest activations. A policy that cannot serve is refused and the last good one
 * stays. Resolves to the routes that now serve something else.
 */
export async function syncPolicies(
  routes: readonly string[],
  { store, shelf, read, embedded, installation, tried }: PolicySources,
): Promise<string[]> {
  const activations = new Map((await store.activations()).map((activation) => [activation.route, activation]))
  const changed: string[] = []
  for (const route of routes) {
    const activation = activations.get(route)
    const given = activation ? null : embedded(route)
    const wanted = activation ? activation.policy : (given?.id ?? null)
    const active = shelf.active(route)?.id ?? null
    const at = activation?.at ?? null
    const refused = shelf.refusal(route)?.id === wanted && tried.get(route) === at
    if (wanted === active || refused) continue
    tried.set(route, at)
    if (wanted === null) shelf.withdraw(route)
    else await shelf.offer(route, wanted, async () => compilePolicy(given ?? (await read(wanted)), installation(route)))
    changed.push(route)
  }
  return changed
}
