/** What the log of a replay says beside what the offline evaluation and the records say. */

import { wholeTokens } from '../compose/transports.node.ts'
import { expectedCostUsd } from '../route/cost.ts'
import { decide } from '../route/decide.ts'
import { withPriors } from '../route/priors.ts'
import { placeholderAnswer } from '../simulate/replay.ts'
import type { Candidate, Decision, Query } from '../spec.ts'
import { createChances } from '../train/choose.ts'
import { type DatasetOptions, readAnswers } from '../train/dataset.node.ts'
import type { Learned } from './learn.ts'
import type { ReplayLog } from './replay.admin.ts'
import type { Asked } from './replay.clients.ts'
import type { LambdaRow } from './replay.table.ts'

export interface Comparison {
  readonly data: string
  readonly reading: Pick<DatasetOptions, 'columns'>
  readonly learned: Learned
  readonly candidates: readonly Candidate[]
  readonly asked: readonly Asked[]
  readonly log: ReplayLog
  readonly lambdas: readonly number[]
  readonly rows: readonly number[]
}

export interface Compared {
  readonly table: readonly LambdaRow[]
  /** What must not be. */
  readonly differences: readonly string[]
  /** Other decisions that follow from the vectors of the gateway's encoder, which are not those of the policy's to the bit. */
  readonly nearTies: readonly string[]
  /** Cosine of the gateway's vectors with those that the policy is evaluated with; the lowest of all. `null`: none was logged. */
  readonly lowestCosine: number | null
}

/** Vectors of one text from two runtimes are at least this close (docs/design: 0.9995). */
const SAME_TEXT = 0.9995

export async function compare({
  data,
  reading,
  learned,
  candidates,
  asked,
  log,
  lambdas,
  rows,
}: Comparison): Promise<Compared> {
  const { set } = learned
  const answers = await readAnswers(data, reading)
  const chances = createChances(learned.compiled, withPriors(candidates))
  const columnOf = new Map(set.candidates.map(({ id }, column) => [id, column]))
  const differences: string[] = []
  const nearTies: string[] = []
  const cosines = new Map<number, number>()
  const table = lambdas.map((lambda): LambdaRow => {
    const own = asked.filter((one) => one.lambda === lambda)
    let [quality, costUsd, offlineQuality, offlineCostUsd] = [0, 0, 0, 0]
    const shares = new Map<string, number>()
    for (const { row, decision, text, via } of own) {
      const query = set.queries[row]!
      const record = log.records.get(decision)
      const where = `${query.id} at λ ${lambda} via ${via}`
      if (!record?.outcome) {
        differences.push(`${where}: the log has no ${record ? 'outcome' : 'decision'} ${decision}`)
        continue
      }
      const vector = log.vectors.get(record.decision.query.hash)
      if (vector) cosines.set(row, cosine(vector, learned.queries.get(row)?.vector ?? null))
      const { candidate } = record.outcome
      const cell = row * set.candidates.length + (columnOf.get(candidate) ?? Number.NaN)
      const possible = chances(learned.queries.get(row)!, lambda)
      const recorded = answers?.get(query.id)?.[candidate] ?? placeholderAnswer(query.id, candidate)
      const { propensity } = record.decision
      if (!possible.some((one) => one.id === candidate && near(propensity, one.propensity))) {
        const said = `${where}: the gateway asked ${candidate} (propensity ${propensity}), offline it is ${possible.map((one) => `${one.id} (${one.propensity})`).join(' or ')}`
        const why = explain(record.decision, { learned, candidates, row, vector })
        if (why === null) differences.push(said)
        else nearTies.push(`${said}; ${why}`)
      }
      if (record.outcome.status !== 'ok') differences.push(`${where}: status ${record.outcome.status}`)
      if (text !== recorded)
        differences.push(
          `${where}: the client got ${JSON.stringify(text.slice(0, 60))}, the record of ${candidate} is ${JSON.stringify(recorded.slice(0, 60))}`,
        )
      const answered = candidates[columnOf.get(candidate) ?? Number.NaN]
      const exact = answered ? settledCost(answered, set, cell) : Number.NaN
      if (!near(record.outcome.costUsd, exact)) {
        differences.push(`${where}: logged cost ${record.outcome.costUsd}, price times recorded tokens ${exact}`)
      }
      quality += set.quality[cell] ?? 0
      costUsd += record.outcome.costUsd ?? 0
      for (const one of possible) {
        const column = columnOf.get(one.id)!
        const offlineCell = row * set.candidates.length + column
        offlineQuality += one.propensity * (set.quality[offlineCell] ?? 0)
        offlineCostUsd += one.propensity * settledCost(candidates[column]!, set, offlineCell)
      }
      shares.set(candidate, (shares.get(candidate) ?? 0) + 1)
    }
    if (own.length !== rows.length) differences.push(`λ ${lambda}: ${own.length} answers to ${rows.length} prompts`)
    const n = own.length
    return {
      lambda,
      queries: n,
      quality: quality / n,
      costUsd: costUsd / n,
      offlineQuality: offlineQuality / n,
      offlineCostUsd: offlineCostUsd / n,
      shares: [...shares]
        .map(([candidate, count]) => ({ candidate, share: count / n }))
        .sort((a, b) => b.share - a.share),
    }
  })
  const lowestCosine = cosines.size === 0 ? null : Math.min(...cosines.values())
  return { table, differences, nearTies, lowestCosine }
}

interface Case {
  readonly learned: Learned
  readonly candidates: readonly Candidate[]
  readonly row: number
  /** As the gateway logged it. */
  readonly vector: Float32Array | undefined
}

/**
 * Why another candidate was asked, where it is the gateway's vector that makes the difference: with that vector the
 * offline evaluation decides as the gateway did. `null` where it is not, or where the vectors are not of the same text.
 */
function explain({ candidate, lambda }: Decision, { learned, candidates, row, vector }: Case): string | null {
  const query = learned.queries.get(row)
  if (!vector || !query || lambda === null) return null
  const close = cosine(vector, query.vector)
  const offline = utilities(query, { learned, candidates, lambda })
  const again = utilities({ ...query, vector }, { learned, candidates, lambda })
  if (again.chosen !== candidate || !(close >= SAME_TEXT)) return null
  const gap = (of: typeof offline) => of.utility(again.chosen) - of.utility(offline.chosen)
  const shown = (of: typeof offline) =>
    `${of.utility(again.chosen).toFixed(6)} against ${of.utility(offline.chosen).toFixed(6)} (${gap(of).toExponential(1)})`
  return `utilities are ${shown(again)} with the gateway's vector and ${shown(offline)} with the policy's own, cosine ${close.toFixed(6)}`
}

function utilities(
  query: Query,
  { learned, candidates, lambda }: Pick<Case, 'learned' | 'candidates'> & { readonly lambda: number },
) {
  const decided = decide({
    query,
    candidates: withPriors(candidates),
    policy: learned.compiled,
    preference: { lambda, limits: {} },
    random: () => 0,
  })
  const { considered } = decided
  return {
    chosen: decided.candidates[decided.plan.arm]!.id,
    utility: (id: string) => considered.utility[considered.candidates.indexOf(id)] ?? Number.NaN,
  }
}

function cosine(a: Float32Array, b: Float32Array | null): number {
  if (b === null || a.length !== b.length) return Number.NaN
  let [dot, aa, bb] = [0, 0, 0]
  for (const [i, value] of a.entries()) {
    dot += value * b[i]!
    aa += value * value
    bb += b[i]! * b[i]!
  }
  return dot / Math.sqrt(aa * bb)
}

/** What the gateway's price list makes of the recorded tokens. */
function settledCost({ price }: Candidate, set: Learned['set'], cell: number): number {
  return expectedCostUsd(price, wholeTokens(set.inputTokens[cell]), wholeTokens(set.outputTokens[cell]))
}

function near(a: number | null, b: number): boolean {
  return a !== null && Math.abs(a - b) <= 1e-9 * Math.abs(b)
}
