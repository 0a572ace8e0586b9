/** From a policy file to what decides for a route. */
import { findEstimator, findPlanner, findPreset } from '../../routers/index.ts'
import type { RouteSettings } from '../config/config.ts'
import { SwitchyardError } from '../errors.ts'
import { checkPolicy, type Installation } from '../policy/check.ts'
import type { RoutePolicy } from '../route/decide.ts'
import { PRIORS_ALONE } from '../route/guard.ts'
import type { Policy } from '../spec.ts'

export interface Compiled {
  readonly policy: RoutePolicy
  /** What is worth knowing though it does not stand in the way. */
  readonly notes: readonly string[]
}

export type RouterPair = Exclude<RouteSettings['router'], { readonly preset: string }>

/** The pair of names behind a route's preset. */
export function routerOf(router: RouteSettings['router']): RouterPair {
  return 'preset' in router ? { ...findPreset(router.preset), plannerOptions: {} } : router
}

/**
 * Makes a policy ready to serve here. Throws `policy_unfit` when it does not fit the installation or was written by an
 * estimator that this version can no longer load.
 */
export function compilePolicy(policy: Policy, installation: Installation): Compiled {
  const { manifest, state, id } = policy
  const notes = checkPolicy(policy, installation)
  const family = findEstimator(manifest.estimator.name)
  const planners = findPlanner(manifest.planner.name)
  const { version = 1, options } = manifest.planner
  const written = (what: string, by: number, here: number) =>
    new SwitchyardError(
      'policy_unfit',
      `Policy ${id.slice(0, 12)} was written by version ${by} of the ${what}, here is version ${here}: train again.`,
    )
  if (family.version !== manifest.estimator.version)
    throw written(`estimator "${family.name}"`, manifest.estimator.version, family.version)
  if (planners.version !== version) throw written(`planner "${planners.name}"`, version, planners.version)
  return {
    notes,
    policy: {
      estimator: loaded(id, () => family.load(state, manifest.candidates)),
      planner: loaded(id, () => planners.load(options)),
      guard: manifest.guard,
      candidates: manifest.candidates,
      ...(manifest.labels && { labels: manifest.labels }),
    },
  }
}

/** What cannot be loaded is the policy's fault, whatever its version says. */
function loaded<Part>(id: string, load: () => Part): Part {
  try {
    return load()
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new SwitchyardError('policy_unfit', `Policy ${id.slice(0, 12)} cannot be loaded: ${cause.message}.`, {
      cause,
    })
  }
}

/**
 * What serves before any policy is promoted: prior qualities and prices, by the route's own planner where that explores, else by `utility`, as the
 * other planners are fitted with a policy. Without what is learned online it is the same at one λ for every query that no limit stops.
 */
export function constantPolicy(router: RouterPair): RoutePolicy {
  const family = findEstimator('constant')
  const nothing = { queries: [], candidates: [], quality: new Float64Array(0), outputTokens: new Float64Array(0) }
  const estimator = family.load(
    family.fit(nothing, family.defaults, () => 0),
    [],
  )
  const own = findPlanner(router.planner)
  const planner = own.explores ? own.load({ ...router.plannerOptions }) : findPlanner('utility').load({})
  return { estimator, planner, guard: PRIORS_ALONE, candidates: [] }
}
