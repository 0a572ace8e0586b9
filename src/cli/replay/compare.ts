/** What the log of a replay says beside what the offline evaluation and the records say. */

import { wholeTokens } from '../../compose/transports.node.ts'
import { expectedCostUsd } from '../../route/cost.ts'
import type { Candidate } from '../../spec.ts'
import { type DatasetOptions, readAnswers } from '../../train/dataset.node.ts'
import type { Learned } from '../learn.ts'
import type { ReplayLog, ReplayRecord } from './admin.ts'
import type { Asked } from './clients.ts'
import { type Course, createOffline, type Offline } from './offline.ts'
import { decideAgain, type Serving } from './online.ts'
import type { LambdaRow } from './table.ts'

export interface Comparison {
  readonly data: string
  readonly reading: Pick<DatasetOptions, 'columns'>
  readonly learned: Learned
  readonly candidates: readonly Candidate[]
  readonly asked: readonly Asked[]
  readonly log: ReplayLog
  readonly lambdas: readonly number[]
  readonly rows: readonly number[]
  /** Where the gateway learned while it served: what made it decide, beside the log. */
  readonly online?: Serving
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

export async function compare(comparison: Comparison): Promise<Compared> {
  const { data, reading, learned, candidates, asked, log, lambdas, rows, online } = comparison
  const { set } = learned
  const offline = createOffline(comparison, await readAnswers(data, reading))
  const columnOf = new Map(set.candidates.map(({ id }, column) => [id, column]))
  const differences: string[] = []
  const nearTies: string[] = []
  const cosines = new Map<number, number>()
  const cellOf = (row: number, id: string) => row * set.candidates.length + (columnOf.get(id) ?? Number.NaN)
  /** What the gateway's price list makes of the recorded tokens of all that were asked. */
  const costOf = (row: number, ids: readonly string[]) =>
    ids.reduce((sum, id) => {
      const cell = cellOf(row, id)
      const price = candidates[columnOf.get(id) ?? Number.NaN]?.price ?? null
      return sum + expectedCostUsd(price, wholeTokens(set.inputTokens[cell]), wholeTokens(set.outputTokens[cell]))
    }, 0)
  const decisions = [...log.records.values()].map(({ decision }) => decision)
  const otherwise = online && decideAgain({ ...log, decisions }, online)
  const table = lambdas.map((lambda): LambdaRow => {
    const own = asked.filter((one) => one.lambda === lambda)
    let [quality, costUsd, offlineQuality, offlineCostUsd, calls] = [0, 0, 0, 0, 0]
    const shares = new Map<string, number>()
    for (const { row, decision, text, via } of own) {
      const query = set.queries[row]!
      const record = log.records.get(decision)
      const where = `${query.id} at λ ${lambda} via ${via}`
      if (!record?.outcome) {
        differences.push(`${where}: the log has no ${record ? 'outcome' : 'decision'} ${decision}`)
        continue
      }
      const { outcome } = record
      const { candidate } = outcome
      const vector = log.vectors.get(record.decision.query.hash)
      if (vector) cosines.set(row, cosine(vector, learned.queries.get(row)?.vector ?? null))
      const taken = courseOf(record, candidate)
      const possible = offline.coursesOf(row, lambda)
      if (otherwise) {
        const other = otherwise.get(decision)
        if (other !== undefined) differences.push(`${where}: by what had been learned, ${other}`)
      } else if (!possible.some((one) => same(one, taken))) {
        const said = `${where}: the gateway asked ${told(taken)}, offline it is ${possible.map(told).join(' or ')}`
        const why = explain(taken, { learned, offline, row, lambda, vector })
        if (why === null) differences.push(said)
        else nearTies.push(`${said}; ${why}`)
      }
      if (outcome.status !== 'ok') differences.push(`${where}: status ${outcome.status}`)
      const recorded = offline.textOf(row, candidate)
      if (text !== recorded)
        differences.push(
          `${where}: the client got ${JSON.stringify(text.slice(0, 60))}, the record of ${candidate} is ${JSON.stringify(recorded.slice(0, 60))}`,
        )
      const exact = costOf(row, taken.asked)
      if (!near(outcome.costUsd, exact)) {
        differences.push(`${where}: logged cost ${outcome.costUsd}, price times recorded tokens ${exact}`)
      }
      quality += set.quality[cellOf(row, candidate)] ?? 0
      costUsd += outcome.costUsd ?? 0
      calls += record.attempts.length
      for (const one of possible) {
        offlineQuality += one.propensity * (set.quality[cellOf(row, one.candidate)] ?? 0)
        offlineCostUsd += one.propensity * costOf(row, one.asked)
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
      calls: calls / n,
      shares: [...shares]
        .map(([candidate, count]) => ({ candidate, share: count / n }))
        .sort((a, b) => b.share - a.share),
    }
  })
  const lowestCosine = cosines.size === 0 ? null : Math.min(...cosines.values())
  return { table, differences, nearTies, lowestCosine }
}

/** What the gateway did, by its log. */
function courseOf({ decision, attempts }: ReplayRecord, candidate: string): Course {
  return { asked: attempts.map((attempt) => attempt.candidate), candidate, propensity: decision.propensity }
}

function same(a: Course, b: Course): boolean {
  return a.candidate === b.candidate && near(a.propensity, b.propensity) && a.asked.join('\n') === b.asked.join('\n')
}

function told({ asked, candidate, propensity }: Course): string {
  const answer = asked.length > 1 ? `, answer of ${candidate}` : ''
  return `${asked.join(', ')}${answer} (propensity ${propensity})`
}

interface Case {
  readonly learned: Learned
  readonly offline: Offline
  readonly row: number
  readonly lambda: number
  /** As the gateway logged it. */
  readonly vector: Float32Array | undefined
}

/**
 * Why another course was taken, where it is the gateway's vector that makes the difference: with that vector the offline
 * evaluation does as the gateway did. `null` where it does not, or where the vectors are not of the same text.
 */
function explain(taken: Course, { learned, offline, row, lambda, vector }: Case): string | null {
  const query = learned.queries.get(row)
  if (!vector || !query) return null
  const close = cosine(vector, query.vector)
  const turned = { ...query, vector }
  if (!offline.coursesOf(row, lambda, turned).some((one) => same(one, taken)) || !(close >= SAME_TEXT)) return null
  const [expected] = offline.coursesOf(row, lambda)
  const shown = (utility: (id: string) => number) => {
    const [own, other] = [utility(taken.candidate), utility(expected!.candidate)]
    return `${own.toFixed(6)} against ${other.toFixed(6)} (${(own - other).toExponential(1)})`
  }
  return `utilities are ${shown(offline.utilityOf(row, lambda, turned))} with the gateway's vector and ${shown(offline.utilityOf(row, lambda))} with the policy's own, cosine ${close.toFixed(6)}`
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

function near(a: number | null, b: number): boolean {
  return a !== null && Math.abs(a - b) <= 1e-9 * Math.abs(b)
}
