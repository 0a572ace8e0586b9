/** How far one request may be used to explore. */
import type { Principal } from '../admit/keys.ts'
import type { Exploration, Turn } from '../spec.ts'
import type { Deps } from './deps.ts'
import type { Route } from './world.ts'

/**
 * Not at all for a key that says so, once today's money is spent or set aside for requests under way, and in a running tool loop, where one model has begun a task that another would
 * have to go on with.
 */
export function explorationOf(
  { learning }: Pick<Deps, 'learning'>,
  { name, exploration: { usdPerDay, maxLoss } }: Route,
  { principal, turns }: { readonly principal: Principal; readonly turns: readonly Turn[] },
): Exploration {
  const paid = usdPerDay === undefined || learning.exploredUsd(name) < usdPerDay
  return { allowed: principal.exploration && paid && !inToolLoop(turns), ...(maxLoss !== undefined && { maxLoss }) }
}

/** A tool has answered and no model has since: whatever else the user says beside the results, of however many tools. */
function inToolLoop(turns: readonly Turn[]): boolean {
  const last = turns.findLastIndex(({ role }) => role === 'assistant' || role === 'tool')
  return turns[last]?.role === 'tool'
}
