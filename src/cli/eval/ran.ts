/** How an evaluation was made, at the foot of its report. */
import type { Comparison } from '../../train/compare.ts'
import { toHtml } from './charts.ts'

/** What was run: with the sets' hashes enough to run it again. */
export interface Ran {
  readonly version: string
  readonly node: string
  readonly encoder: { readonly id: string; readonly precision: string; readonly sha256: string } | null
  readonly estimators: readonly string[]
  readonly planners: readonly string[]
  readonly seeds: readonly number[]
  readonly split: string
  readonly draws: number
}

export function renderRan(ran: Ran, comparisons: readonly Comparison[]): string {
  const { encoder } = ran
  const facts: [string, string][] = [
    ['Switchyard', `${ran.version}, Node ${ran.node}`],
    ['Encoder', encoder === null ? 'none' : `${encoder.id} (${encoder.precision}), SHA-256 ${encoder.sha256}`],
    ['Estimators', ran.estimators.join(', ')],
    ['Planners', ran.planners.join(', ')],
    ['Seeds', ran.seeds.join(', ')],
    ['Split', ran.split],
    ...comparisons.map(({ set, sha256 }): [string, string] => [`Data: ${set}`, `SHA-256 ${sha256}`]),
  ]
  return `<h2>What was run</h2><dl>${facts.map(([name, fact]) => `<dt>${toHtml(name)}</dt><dd>${toHtml(fact)}</dd>`).join('')}</dl>`
}
