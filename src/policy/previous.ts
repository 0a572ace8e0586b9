/** The way back: which policy served before the one that serves now. */
import type { Activation } from '../spec.ts'

/** How many activations are looked at for it. */
export const HISTORY = 100

/**
 * What the newest activation of a route took the place of: a policy's id, `null` for the constant, `undefined` where
 * nothing was ever activated before it.
 * @param history activations of the route, newest first
 */
export function previousPolicy(history: readonly Activation[]): string | null | undefined {
  const [current, ...earlier] = history
  return earlier.find(({ policy }) => policy !== current?.policy)?.policy
}
