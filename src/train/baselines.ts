/** Routers that a learned one must beat. They look at nothing, at a benchmark's label, at the prompt's length, or at its words. */

import { bestConstant } from './metrics/points.ts'
import { quantile } from './metrics/statistics.ts'
import type { OutcomeSet } from './outcomes.ts'
import type { Plain } from './router.ts'
import { at, costsOf, isComplete } from './rows.ts'
import { tfidfRidge } from './tfidf.ts'

const LENGTH_BINS = 10

/** The named baselines, learned from the complete rows among `train`. */
export function baselines(set: OutcomeSet, train: readonly number[]): (Plain & { readonly name: string })[] {
  const rows = train.filter((row) => isComplete(set, costsOf(set), row))
  const lengthOf = (row: number) => set.queries[row]!.prompt.length
  const lengths = rows.map(lengthOf)
  const edges = Array.from({ length: LENGTH_BINS - 1 }, (_, i) => quantile(lengths, (i + 1) / LENGTH_BINS))
  return [
    { name: 'best constant', ...constantPerGroup(set, rows, () => '') },
    {
      name: 'prompt length',
      ...constantPerGroup(set, rows, (row) => `${edges.filter((edge) => lengthOf(row) > edge).length}`),
    },
    { name: 'best per task label', ...constantPerGroup(set, rows, (row) => set.queries[row]!.task) },
    { name: 'TF-IDF ridge', ...tfidfRidge(set, rows) },
  ]
}

/**
 * The candidate with the highest mean quality − λ · mean cost among the training rows of the same group, of all rows
 * where the group was never seen.
 */
export function constantPerGroup(set: OutcomeSet, rows: readonly number[], groupOf: (row: number) => string): Plain {
  const costs = costsOf(set)
  const groups = new Map<string, number[]>()
  for (const row of rows) {
    const group = groups.get(groupOf(row))
    if (group === undefined) groups.set(groupOf(row), [row])
    else group.push(row)
  }
  const meansOf = (members: readonly number[]) =>
    set.candidates.map((_, column) => ({
      quality: members.reduce((sum, row) => sum + at(set, set.quality, row, column), 0) / members.length,
      costUsd: members.reduce((sum, row) => sum + at(set, costs, row, column), 0) / members.length,
    }))
  const means = new Map([...groups].map(([group, members]) => [group, meansOf(members)]))
  const overall = meansOf(rows)
  const meansFor = (row: number) => means.get(groupOf(row)) ?? overall
  return {
    choose: (row, lambda) => bestConstant(meansFor(row), lambda),
    predict: (row) => Float64Array.from(meansFor(row), ({ quality }) => quality),
  }
}
