/** Which queries are learned from and which are judged by. */
import { createHash } from 'node:crypto'
import { type OutcomeSet, rowsOf } from './dataset.node.ts'
import { costsOf, isComplete } from './rows.ts'

/** One fit and what it is judged on. Over the parts of a split no row is judged twice. */
export interface Part {
  readonly name: string
  /** Rows to learn and to choose from. */
  readonly train: readonly number[]
  /** Rows to judge on; every outcome is known. */
  readonly test: readonly number[]
}

export const SPLITS = ['official', 'kfold', 'leave-one-task-out'] as const
export type SplitName = (typeof SPLITS)[number]

const FOLDS = 5

/**
 * The parts of a split.
 *
 * - `official`: the set's own `train` and `test`.
 * - `kfold`: five parts of all rows by a hash of the prompt, so that equal prompts stay together and a set that grows keeps
 *   its parts.
 * - `leave-one-task-out`: each task is judged by what the others teach, which is how a router meets traffic that nobody
 *   labelled. Prompts that another task has too are learned from as they are.
 *
 * Rows that lack an outcome are learned from and not judged. Throws `data_invalid` when a named split has no rows.
 */
export function partsOf(set: OutcomeSet, split: SplitName): Part[] {
  const all = set.queries.map((_, row) => row)
  const complete = (rows: readonly number[]) => rows.filter((row) => isComplete(set, costsOf(set), row))
  if (split === 'official') return [{ name: 'test', train: rowsOf(set, 'train'), test: complete(rowsOf(set, 'test')) }]
  const groupOf =
    split === 'kfold'
      ? set.queries.map(({ prompt }) => `fold ${foldOf(prompt) + 1}`)
      : set.queries.map(({ task }) => task)
  return [...new Set(groupOf)].sort().map((name) => ({
    name,
    train: all.filter((row) => groupOf[row] !== name),
    test: complete(all.filter((row) => groupOf[row] === name)),
  }))
}

function foldOf(prompt: string): number {
  return createHash('sha256').update(prompt).digest().readUInt32BE() % FOLDS
}
