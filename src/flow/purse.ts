/** What is set aside for one request: of its key's budget, where a cascade reserves for each further call, and of what its route may cost to explore. */
import type { Allowances, Reservation } from '../admit/allowance.ts'
import type { Principal } from '../admit/keys.ts'

export interface Purse {
  /** Sets aside what one more call is expected to cost. Throws as `Allowances.reserve` does; a key without a budget never. */
  reserve(expectedUsd: number): Promise<void>
  /** Puts what all calls cost together in the place of all that was expected; the first call counts. */
  settle(actualUsd: number): void
}

/** @param exploring of an explored request */
export function openPurse(
  allowances: Pick<Allowances, 'reserve'>,
  { name, usdPerDay }: Pick<Principal, 'name' | 'usdPerDay'>,
  exploring: Reservation | null,
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
      exploring?.settle(actualUsd)
      for (const [i, reservation] of reservations.entries()) reservation.settle(i === 0 ? actualUsd : 0)
    },
  }
}
