/** What a key with a budget has set aside for one request: a cascade reserves for each further call. */
import type { Allowances, Reservation } from '../admit/allowance.ts'
import type { Principal } from '../admit/keys.ts'

export interface Purse {
  /** Sets aside what one more call is expected to cost. Throws as `Allowances.reserve` does; a key without a budget never. */
  reserve(expectedUsd: number): Promise<void>
  /** Puts what all calls cost together in the place of what was expected; the first call counts. */
  settle(actualUsd: number): void
}

export function openPurse(
  allowances: Pick<Allowances, 'reserve'>,
  { name, usdPerDay }: Pick<Principal, 'name' | 'usdPerDay'>,
): Purse {
  const reservations: Reservation[] = []
  let settled = false
  return {
    async reserve(expectedUsd) {
      if (usdPerDay === undefined) return
      const reservation = await allowances.reserve(name, { expectedUsd, usdPerDay })
      // The request may have come to its end meanwhile.
      if (settled) reservation.settle(0)
      else reservations.push(reservation)
    },
    settle(actualUsd) {
      settled = true
      for (const [i, reservation] of reservations.entries()) reservation.settle(i === 0 ? actualUsd : 0)
    },
  }
}
