/** What the gateway says of its decisions, and what is in its log. */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import Sqlite from 'better-sqlite3'
import type { explain } from '../src/flow/explain.ts'
import type { Outcome } from '../src/spec.ts'

export type Explanation = ReturnType<typeof explain>
/** A decision that is over. */
export type Settled = Explanation & { readonly outcome: Outcome }

/** Longest wait for what must happen soon; a busy machine takes its time. */
const PATIENCE_MS = 10_000

/** The first value of `look` that is not `null`. */
export async function eventually<T>(look: () => Promise<T | null> | T | null, what: string): Promise<T> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await delay(10)) {
    const found = await look()
    if (found !== null) return found
  }
  throw new Error(`This did not happen within ${PATIENCE_MS} ms: ${what}.`)
}

/** The explanation of a decision once its outcome is in the log, which may be a moment after the last byte. */
export function settled(url: string, id: string | null, headers: Record<string, string> = {}): Promise<Settled> {
  return eventually(async () => {
    const response = await fetch(`${url}/v1/decisions/${id}`, { headers })
    if (!response.ok) throw new Error(`GET /v1/decisions/${id} answers ${response.status}: ${await response.text()}`)
    const found = (await response.json()) as Explanation
    return found.outcome === null ? null : { ...found, outcome: found.outcome }
  }, `the outcome of decision ${id} is logged`)
}

/** The newest hundred decisions, newest first. */
export async function decisions(url: string, headers: Record<string, string> = {}): Promise<Explanation[]> {
  const response = await fetch(`${url}/v1/decisions?limit=100`, { headers })
  const { data } = (await response.json()) as { data: Explanation[] }
  return data
}

/** The newest decision about a model name. */
export function newest(url: string, asked: string, headers: Record<string, string> = {}): Promise<Explanation> {
  return eventually(
    async () => (await decisions(url, headers)).find(({ decision }) => decision.asked === asked) ?? null,
    `a decision about ${asked} is logged`,
  )
}

/** Reads the log of a gateway that has ended. Decisions with the status of their outcome, by id. */
export function readLog(folder: string): Map<string, string | null> {
  const client = new Sqlite(join(folder, '.switchyard/switchyard.sqlite'))
  try {
    if (client.pragma('integrity_check', { simple: true }) !== 'ok') throw new Error('The log is damaged.')
    const rows = client
      .prepare<[], { id: string; status: string | null }>(
        'select d.id, o.status from decisions d left join outcomes o on o.decision = d.id',
      )
      .all()
    return new Map(rows.map(({ id, status }) => [id, status]))
  } finally {
    client.close()
  }
}
