/** What a route's activations come to: who decides, who is tried beside, and the way back. */
import type { Activation } from '../spec.ts'

/** How many activations are looked at for it. */
export const HISTORY = 100

export interface Standing {
  /** Whose policy decides what no canary does; `null` where nothing was ever put in charge. */
  readonly incumbent: Activation | null
  /** Tried on its share of the requests. */
  readonly canary: Activation | null
}

/** @param history activations of the route, newest first */
export function standingOf(history: readonly Activation[]): Standing {
  const [newest] = history
  const incumbent = history.find(isWhole) ?? null
  return { incumbent, canary: newest === undefined || isWhole(newest) ? null : newest }
}

/**
 * What serves after a rollback: beside a canary what decides already, else what the newest activation took the place of. A policy's id, `null` for the
 * constant, `undefined` where nothing was ever in charge before it.
 * @param history activations of the route, newest first
 */
export function previousPolicy(history: readonly Activation[]): string | null | undefined {
  const { incumbent, canary } = standingOf(history)
  if (canary) return incumbent?.policy
  return history.find((one) => isWhole(one) && one.policy !== incumbent?.policy)?.policy
}

function isWhole({ share }: Activation): boolean {
  return share === 1
}
