/** `GET /v1/statistics`: what a tenant's requests came to, by day, route, candidate and status. */
import { DAY_MS } from '../day.ts'
import type { Journal } from '../log/journal.ts'
import type { Statistics } from '../spec.ts'

/** As in the log, but for the tenant, which is the caller, and the day, which is a date (UTC). */
export type DayStatistics = Omit<Statistics, 'day' | 'tenant'> & { readonly day: string }

/** The last `days` days, today included. */
export async function readStatistics(
  store: Journal,
  tenant: string,
  { days, now }: { days: number; now: number },
): Promise<DayStatistics[]> {
  const found = await store.statistics({ tenant, since: now - (days - 1) * DAY_MS })
  return found.map(({ day, tenant: _, ...sums }) => ({
    day: new Date(day * DAY_MS).toISOString().slice(0, 10),
    ...sums,
  }))
}
