/** The folding side of a Worker's learners: in a Durable Object, whose storage keeps what was learned. */
import { type Learner, openLearner } from '../learn/learner.ts'
import type { Store } from '../spec.ts'
import type { Snapshots } from '../state/snapshots.ts'
import type { RemoteLearner } from './learners.remote.ts'
import { foldOptions, nameOf, type Recipe } from './learners.ts'

export interface FoldingParts {
  readonly snapshots: Snapshots
  /** The log in D1. */
  readonly open: () => Promise<Pick<Store, 'rows'>>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** However many isolates ask, D1 is read only so often. */
const READ_MS = 1_000

/** One recipe per object. A state that is told of is stored. */
export function createFolding({ snapshots, open, now }: FoldingParts): RemoteLearner {
  let opened: Promise<Learner> | null = null
  let readAt = Number.NEGATIVE_INFINITY

  async function begin(recipe: Recipe): Promise<Learner> {
    const { rows } = await open()
    const store: Parameters<typeof openLearner>[1]['store'] = {
      rows,
      snapshot: async (name) => snapshots.read(name),
      async append(entries) {
        for (const { table, row } of entries) if (table === 'snapshots') snapshots.write(row)
      },
    }
    return openLearner(nameOf(recipe), { store, ...foldOptions(recipe) })
  }

  return {
    async learned(recipe, lessons) {
      opened ??= begin(recipe).catch((thrown: unknown) => {
        opened = null
        throw thrown
      })
      const learner = await opened
      if (now() - readAt >= READ_MS) {
        readAt = now()
        await learner.keep(now())
      }
      const { fold } = learner
      return fold.lessons === lessons ? null : fold.save()
    },
  }
}
