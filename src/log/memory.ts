/** The log in memory, for tests and for looking around: the same rules as in a file, nothing kept. */
import { DAY_MS, dayOf } from '../day.ts'
import type {
  Activation,
  Attempt,
  Decision,
  DecisionRecord,
  EmbeddingRow,
  Feedback,
  LogRow,
  Outcome,
  Reward,
  Snapshot,
  Statistics,
  Store,
} from '../spec.ts'
import { logFailed } from './failure.ts'
import { addUp, sumRecord } from './memory.sums.ts'

const HOUR_MS = 3_600_000

interface Kept {
  decisions: Map<string, Decision>
  attempts: Map<string, Attempt[]>
  outcomes: Map<string, Outcome>
  feedback: Map<string, Feedback[]>
  embeddings: Map<string, EmbeddingRow>
  rewards: Map<string, Reward>
  snapshots: Map<string, Snapshot>
  activations: Activation[]
  /** What is stored now, in the order of writing. */
  written: { readonly seq: number; readonly entry: LogRow }[]
  writes: number
  /** Of what was deleted. */
  sums: Statistics[]
}

/** An empty log that ends with the process. */
export function createMemoryStore(): Store {
  const kept: Kept = {
    decisions: new Map(),
    attempts: new Map(),
    outcomes: new Map(),
    feedback: new Map(),
    embeddings: new Map(),
    rewards: new Map(),
    snapshots: new Map(),
    activations: [],
    written: [],
    writes: 0,
    sums: [],
  }
  let dropped = 0
  let closed = false

  function record(decision: Decision): DecisionRecord {
    return structuredClone({
      decision,
      attempts: [...(kept.attempts.get(decision.id) ?? [])].sort((a, b) => a.index - b.index),
      outcome: kept.outcomes.get(decision.id) ?? null,
      feedback: [...(kept.feedback.get(decision.id) ?? [])].sort((a, b) => a.at - b.at),
    })
  }

  async function refuse(rows: readonly LogRow[], code: string): Promise<never> {
    dropped += rows.length
    throw logFailed(code, `store ${rows.length} rows`)
  }

  return {
    async append(rows) {
      if (rows.length === 0) return
      if (closed) return refuse(rows, 'CLOSED')
      // All keys are checked before anything is kept, so that an append is whole or not at all.
      const keys = rows.flatMap((row) => uniqueKey(row) ?? [])
      if (new Set(keys).size < keys.length || rows.some((row) => isStored(kept, row))) {
        return refuse(rows, 'SQLITE_CONSTRAINT')
      }
      for (const row of rows) keep(kept, structuredClone(row))
    },
    async decision(id) {
      const decision = kept.decisions.get(id)
      return decision ? record(decision) : null
    },
    async decisions({ limit, before, tenant }) {
      const newestFirst = [...kept.decisions.values()].reverse()
      const cursor = newestFirst.findIndex((decision) => decision.id === before)
      if (before !== undefined && cursor < 0) return []
      return newestFirst
        .slice(cursor + 1)
        .filter((decision) => tenant === undefined || decision.tenant === tenant)
        .slice(0, limit)
        .map(record)
    },
    async embedding(hash, encoder) {
      return kept.embeddings.get(`${encoder} ${hash}`)?.vector.slice() ?? null
    },
    async activations() {
      const newest = new Map(kept.activations.map((row) => [row.route, row]))
      return [...newest.values()].sort((a, b) => (a.route < b.route ? -1 : 1))
    },
    async history(route, limit) {
      return kept.activations
        .filter((row) => row.route === route)
        .reverse()
        .slice(0, limit)
    },
    async spent(since) {
      const sums = kept.sums.filter(({ day }) => day * DAY_MS >= since)
      const rows = [...kept.decisions.values()].filter(({ at }) => at >= since).map((row) => sumRecord(record(row)))
      const tenants = Map.groupBy([...sums, ...rows], ({ tenant }) => tenant)
      const total = (all: readonly Statistics[]) => all.reduce((sum, { costUsd }) => sum + costUsd, 0)
      return new Map([...tenants].map(([tenant, all]) => [tenant, total(all)] as const).filter(([, usd]) => usd > 0))
    },
    async explored(since) {
      const usd = new Map<string, number>()
      for (const { id, at, route, explored } of kept.decisions.values()) {
        const cost = kept.outcomes.get(id)?.costUsd ?? null
        if (at >= since && explored && route !== null && cost !== null) usd.set(route, (usd.get(route) ?? 0) + cost)
      }
      return usd
    },
    async unsettled({ after, until, limit, scored }) {
      const looked = kept.written.filter(({ seq, entry }) => entry.table === 'outcomes' && seq > after).slice(0, limit)
      const late = looked.findIndex(({ entry: { row } }) => 'at' in row && row.at > until)
      const due = late < 0 ? looked : looked.slice(0, late)
      const records = due.flatMap(({ entry: { row } }) => {
        const decision = 'decision' in row ? kept.decisions.get(row.decision) : undefined
        const open = decision && decision.route !== null && !kept.rewards.has(decision.id)
        return open && (!scored || kept.feedback.has(decision.id)) ? [record(decision)] : []
      })
      return { records, next: due.at(-1)?.seq ?? null }
    },
    async snapshot(name) {
      return structuredClone(kept.snapshots.get(name) ?? null)
    },
    async rows(table, { after, limit }) {
      const page = kept.written.filter(({ seq, entry }) => entry.table === table && seq > after).slice(0, limit)
      return { rows: page.map(({ entry }) => structuredClone(entry)), next: page.at(-1)?.seq ?? null }
    },
    async statistics({ since, tenant }) {
      const rows = [...kept.decisions.values()].map((row) => sumRecord(record(row)))
      const wanted = (one: Statistics) => one.day >= dayOf(since) && (tenant === undefined || one.tenant === tenant)
      return addUp([...kept.sums, ...rows].filter(wanted))
    },
    async maintain({ now, keepDays }) {
      for (const { id, at, candidate } of kept.decisions.values()) {
        if (at <= now - HOUR_MS && !kept.outcomes.has(id))
          keep(kept, { table: 'outcomes', row: unknown(id, { now, candidate }) })
      }
      if (keepDays === null) return { deleted: 0, more: false }
      const firstKept = (dayOf(now) - keepDays) * DAY_MS
      const unread = (id: string) => (kept.rewards.get(id)?.at ?? Number.NEGATIVE_INFINITY) > now - HOUR_MS
      const old = [...kept.decisions.values()].filter(({ id, at }) => at < firstKept && !unread(id))
      kept.sums = addUp([...kept.sums, ...old.map((row) => sumRecord(record(row)))])
      remove(kept, old)
      return { deleted: old.length, more: false }
    },
    get dropped() {
      return dropped
    },
    async close() {
      closed = true
    },
  }
}

function unknown(decision: string, { now, candidate }: { now: number; candidate: string }): Outcome {
  return {
    decision,
    at: now,
    status: 'unknown',
    candidate,
    attempts: 0,
    usage: null,
    usageSource: null,
    costUsd: null,
    ttftMs: null,
    latencyMs: 0,
    finish: null,
    signals: [],
  }
}

/** Decisions with all that belongs to them, and the vectors that no other decision refers to. */
function remove(kept: Kept, old: readonly Decision[]): void {
  const ids = new Set(old.map(({ id }) => id))
  const hashes = new Set(old.map(({ query }) => query.hash))
  for (const table of [kept.decisions, kept.attempts, kept.outcomes, kept.feedback, kept.rewards])
    for (const id of ids) table.delete(id)
  for (const { query } of kept.decisions.values()) hashes.delete(query.hash)
  for (const [key, { hash }] of kept.embeddings) if (hashes.has(hash)) kept.embeddings.delete(key)
  kept.written = kept.written.filter(({ entry: { table, row } }) => {
    if (table === 'policies' || table === 'snapshots') return true
    if (table === 'embeddings') return !hashes.has(row.hash)
    return !ids.has(table === 'decisions' ? row.id : row.decision)
  })
}

/** The key that may be stored once; null where a repetition replaces or changes nothing. */
function uniqueKey({ table, row }: LogRow): string | null {
  if (table === 'decisions') return `decision ${row.id}`
  if (table === 'attempts') return `attempt ${row.decision} ${row.index}`
  if (table === 'outcomes' && row.status !== 'unknown') return `outcome ${row.decision}`
  return null
}

function isStored(kept: Kept, { table, row }: LogRow): boolean {
  if (table === 'decisions') return kept.decisions.has(row.id)
  if (table === 'attempts') return kept.attempts.get(row.decision)?.some((one) => one.index === row.index) ?? false
  if (table !== 'outcomes') return false
  const outcome = kept.outcomes.get(row.decision)
  return outcome !== undefined && outcome.status !== 'unknown'
}

/** Stores a row whose key is free, in the place of the one that gives way to it. */
function keep(kept: Kept, entry: LogRow): void {
  const { table, row } = entry
  switch (table) {
    case 'decisions':
      kept.decisions.set(row.id, row)
      break
    case 'attempts':
      kept.attempts.set(row.decision, [...(kept.attempts.get(row.decision) ?? []), row])
      break
    case 'outcomes':
      forget(kept, kept.outcomes.get(row.decision))
      kept.outcomes.set(row.decision, row)
      break
    case 'feedback': {
      const all = kept.feedback.get(row.decision) ?? []
      const old = all.find((one) => one.principal === row.principal && one.source === row.source)
      if (old && old.at > row.at) return
      forget(kept, old)
      kept.feedback.set(row.decision, [...all.filter((one) => one !== old), row])
      break
    }
    case 'embeddings': {
      const key = `${row.encoder} ${row.hash}`
      if (kept.embeddings.has(key)) return
      kept.embeddings.set(key, row)
      break
    }
    case 'rewards':
      if (kept.rewards.has(row.decision)) return
      kept.rewards.set(row.decision, row)
      break
    case 'policies': {
      const newest = kept.activations.findLast(({ route }) => route === row.route)
      if (row.ends !== undefined && row.ends !== newest?.at) return
      kept.activations.push(row)
      break
    }
    case 'snapshots':
      forget(kept, kept.snapshots.get(row.name))
      kept.snapshots.set(row.name, row)
      break
  }
  kept.writes += 1
  kept.written.push({ seq: kept.writes, entry })
}

function forget(kept: Kept, row: Outcome | Feedback | Snapshot | undefined): void {
  kept.written = kept.written.filter(({ entry }) => entry.row !== row)
}
