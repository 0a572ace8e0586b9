/** The log in memory, for tests and for looking around: the same rules as in a file, nothing kept. */
import type { Activation, Attempt, Decision, DecisionRecord, Feedback, LogRow, Outcome, Store } from '../spec.ts'
import { logFailed } from './failure.ts'

interface Kept {
  decisions: Map<string, Decision>
  attempts: Map<string, Attempt[]>
  outcomes: Map<string, Outcome>
  feedback: Map<string, Feedback[]>
  embeddings: Map<string, Float32Array>
  policies: Map<string, Activation>
}

/** An empty log that ends with the process. */
export function createMemoryStore(): Store {
  const kept: Kept = {
    decisions: new Map(),
    attempts: new Map(),
    outcomes: new Map(),
    feedback: new Map(),
    embeddings: new Map(),
    policies: new Map(),
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
      return kept.embeddings.get(`${encoder} ${hash}`)?.slice() ?? null
    },
    async activations() {
      return [...kept.policies.values()].sort((a, b) => (a.route < b.route ? -1 : 1))
    },
    get dropped() {
      return dropped
    },
    async close() {
      closed = true
    },
  }
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

function keep(kept: Kept, { table, row }: LogRow): void {
  switch (table) {
    case 'decisions':
      kept.decisions.set(row.id, row)
      return
    case 'attempts':
      kept.attempts.set(row.decision, [...(kept.attempts.get(row.decision) ?? []), row])
      return
    case 'outcomes':
      kept.outcomes.set(row.decision, row)
      return
    case 'feedback': {
      const same = (one: Feedback) => one.principal === row.principal && one.source === row.source
      const all = kept.feedback.get(row.decision) ?? []
      if (all.some((one) => same(one) && one.at > row.at)) return
      kept.feedback.set(row.decision, [...all.filter((one) => !same(one)), row])
      return
    }
    case 'embeddings': {
      const key = `${row.encoder} ${row.hash}`
      if (!kept.embeddings.has(key)) kept.embeddings.set(key, row.vector)
      return
    }
    case 'policies':
      kept.policies.set(row.route, row)
      return
  }
}
