/** UTC days, counted from the epoch. Imports nothing; any room that counts by day may import it. */

export const DAY_MS = 86_400_000

/** The UTC day of a time in milliseconds since the epoch. */
export function dayOf(at: number): number {
  return Math.floor(at / DAY_MS)
}
