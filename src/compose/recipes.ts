/** Which routes learn online, and what of. */
import { findPlanner } from '../../routers/index.ts'
import type { Config } from '../config/config.ts'
import { FEATURES } from '../embed/features.ts'
import type { Shelf } from '../policy/shelf.ts'
import type { EncoderInfo } from '../spec.ts'
import type { Recipe } from './learners.ts'
import { type Compiled, routerOf } from './policy.ts'

/** Those whose planner explores: that of the policy in charge, or the route's own while there is none. */
export function recipesOf(
  { routes, learning }: Pick<Config, 'routes' | 'learning'>,
  shelf: Pick<Shelf<Compiled>, 'active'>,
  encoder: Pick<EncoderInfo, 'dim'> | null,
): Recipe[] {
  const { forgetting } = learning
  const { keyShare } = learning.reward
  const shape = { features: FEATURES.length, dim: encoder?.dim ?? 0, forgetting }
  return routes.flatMap(({ name, router }) => {
    const active = shelf.active(name)
    const planner = findPlanner(active?.value.policy.planner.name ?? routerOf(router).planner)
    return planner.explores ? [{ route: name, policy: active?.id ?? null, keyShare, ...shape }] : []
  })
}
