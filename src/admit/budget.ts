/** The arithmetic of a budget in USD per UTC day. Pure: who keeps the account says where it lives. */

/** A key's account of one day, in USD. */
export interface Balance {
  /** By requests that have ended. */
  readonly spent: number
  /** By requests under way, at their expected cost. */
  readonly reserved: number
}

/**
 * `granted`; `busy` where only requests under way stand in the way, which may come to less than they reserved; `exhausted`
 * where what was spent leaves too little for this request.
 */
export type Verdict = 'granted' | 'busy' | 'exhausted'

export function judge(
  { spent, reserved }: Balance,
  { expectedUsd, usdPerDay }: { readonly expectedUsd: number; readonly usdPerDay: number },
): Verdict {
  if (spent + reserved + expectedUsd <= usdPerDay) return 'granted'
  return spent + expectedUsd <= usdPerDay ? 'busy' : 'exhausted'
}
