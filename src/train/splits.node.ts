/** Which queries are learned from and which are judged by. */
import { createHash } from 'node:crypto'
import { rowsOf } from './dataset.node.ts'
import type { OutcomeSet } from './outcomes.ts'
import { createRandom, shuffle } from './random.ts'
import { completeRows } from './rows.ts'

/** One fit and what it is judged on. Over the parts of a split no row is judged twice. */
export interface Part {
  readonly name: string
  /** Rows to learn and to choose from. */
  readonly train: readonly number[]
  /** Rows to judge on; every outcome is known. */
  readonly test: readonly number[]
  /** A candidate that is new: of its outcomes only those on the rows in `known` may be learned from. */
  readonly hidden?: { readonly column: number; readonly known: readonly number[] }
}

/** Fits that belong to one comparison, and the groups of judged rows that get a comparison each. */
export interface Study {
  readonly name: string
  /** Training queries are drawn by the seed; the judged rows are the same for all seeds. */
  readonly drawn: boolean
  parts(seed: number): readonly Part[]
  readonly views: readonly View[]
}

export interface View {
  /** `null`: all rows of the study. */
  readonly name: string | null
  has(row: number): boolean
}

export const SPLITS = ['official', 'kfold', 'leave-one-task-out', 'few-shot', 'leave-one-model-out'] as const
export type SplitName = (typeof SPLITS)[number]

const FOLDS = 5
export const EVERYTHING: View = { name: null, has: () => true }

/**
 * The studies of a split.
 *
 * - `official`: learned from the set's own `train`, judged on each of its other splits apart.
 * - `kfold`: five parts of all rows by a hash of the prompt, so that equal prompts stay together and a set that grows keeps
 *   its parts.
 * - `leave-one-task-out`: each task is judged by what the others teach, which is how a router meets traffic that nobody
 *   labelled. Prompts that another task has too are learned from as they are.
 * - `few-shot`: one study per size n: n training queries drawn by the seed, those of a larger n among them, judged on `test`. The
 *   learning curve.
 * - `leave-one-model-out`: one study per size n: each model is new once, known by n graded training queries drawn by the seed while all others
 *   are known on all; the test queries are dealt among the models.
 *
 * Rows that lack an outcome are learned from and not judged. Throws `data_invalid` when a named split has no rows.
 */
export function studiesOf(set: OutcomeSet, split: SplitName, sizes: readonly number[]): Study[] {
  const all = set.queries.map((_, row) => row)
  const single = (parts: readonly Part[], views: readonly View[] = [EVERYTHING]): Study[] => [
    { name: split, drawn: false, parts: () => parts, views },
  ]
  switch (split) {
    case 'official': {
      const train = rowsOf(set, 'train')
      const judged = [...new Set(set.queries.map((query) => query.split))].filter((name) => name !== 'train')
      const test = completeRows(set, [
        ...rowsOf(set, 'test'),
        ...judged.filter((name) => name !== 'test').flatMap((name) => rowsOf(set, name)),
      ])
      const views = judged.map((name): View => ({ name, has: (row) => set.queries[row]!.split === name }))
      return single([{ name: 'test', train, test }], views.length > 1 ? views : [EVERYTHING])
    }
    case 'kfold':
      return single(partsBy(set, all, ({ prompt }) => `fold ${foldOf(prompt) + 1}`))
    case 'leave-one-task-out':
      return single(partsBy(set, all, ({ task }) => task))
    case 'few-shot': {
      const [train, test] = [rowsOf(set, 'train'), completeRows(set, rowsOf(set, 'test'))]
      return upTo(sizes, train.length).map((size) => ({
        name: `${split}: ${size} training queries`,
        drawn: true,
        parts: (seed) => [{ name: 'test', train: draw(train, size, seed), test }],
        views: [EVERYTHING],
      }))
    }
    case 'leave-one-model-out': {
      const [train, test] = [rowsOf(set, 'train'), completeRows(set, rowsOf(set, 'test'))]
      return upTo(sizes, train.length).map((size) => ({
        name: `${split}: ${size} graded prompts`,
        drawn: true,
        parts: (seed) =>
          set.candidates.map(({ id }, column) => ({
            name: id,
            train,
            test: test.filter((_, i) => i % set.candidates.length === column),
            hidden: { column, known: draw(completeRows(set, train), size, seed) },
          })),
        views: [EVERYTHING],
      }))
    }
  }
}

function partsBy(
  set: OutcomeSet,
  rows: readonly number[],
  groupOf: (query: OutcomeSet['queries'][number]) => string,
): Part[] {
  const groups = set.queries.map(groupOf)
  return [...new Set(groups)].sort().map((name) => ({
    name,
    train: rows.filter((row) => groups[row] !== name),
    test: completeRows(
      set,
      rows.filter((row) => groups[row] === name),
    ),
  }))
}

/** A size above `count` is all there is. */
function upTo(sizes: readonly number[], count: number): number[] {
  return [...new Set(sizes.map((size) => Math.min(size, count)))]
}

/** The first `size` of the rows in an order that the seed alone decides. */
function draw(rows: readonly number[], size: number, seed: number): number[] {
  return shuffle([...rows], createRandom(seed)).slice(0, size)
}

function foldOf(prompt: string): number {
  return createHash('sha256').update(prompt).digest().readUInt32BE() % FOLDS
}
