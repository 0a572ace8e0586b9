/** Learners of a Worker: each folds in a Durable Object of its own, from which every isolate fetches what is learned there. */
import { createFold, type Fold } from '../learn/fold.ts'
import type { Online } from '../route/decide.ts'
import { within } from '../state/within.ts'
import { foldOptions, type Learners, nameOf, type Recipe, toOnline } from './learners.ts'

/** The object of one recipe, over RPC. */
export interface RemoteLearner {
  /** What was learned by now; `null` where that is `lessons`, which the caller has. */
  learned(recipe: Recipe, lessons: number): Promise<Uint8Array | null>
}

export interface RemoteLearners extends Learners {
  /** Fetches what is new. Rejects where an object does not answer; what was learned before goes on serving. */
  sync(): Promise<void>
}

interface Entry {
  readonly recipe: Recipe
  fold: Fold
  readonly online: Online
}

const PATIENCE_MS = 5_000

/** @param onFailure told of an object that could not be asked when it was first needed: its route begins with nothing learned until `sync` */
export function createRemoteLearners(
  objectOf: (name: string) => RemoteLearner,
  onFailure: (error: unknown) => void,
): RemoteLearners {
  let serving: ReadonlyMap<string, Entry> = new Map()

  function create(recipe: Recipe): Entry {
    const entry: Entry = { recipe, fold: createFold(foldOptions(recipe)), online: toOnline(() => entry.fold) }
    return entry
  }

  async function fetch(name: string, entry: Entry): Promise<void> {
    const bytes = await within(PATIENCE_MS, objectOf(name).learned(entry.recipe, entry.fold.lessons))
    if (bytes) entry.fold = createFold(foldOptions(entry.recipe), bytes)
  }

  return {
    async serve(recipes) {
      const next = new Map<string, Entry>()
      for (const recipe of recipes) {
        const name = nameOf(recipe)
        const known = serving.get(name)
        const entry = known ?? create(recipe)
        next.set(name, entry)
        if (!known) await fetch(name, entry).catch(onFailure)
      }
      serving = next
    },
    find: (route, policy) =>
      [...serving.values()].find(({ recipe }) => recipe.route === route && recipe.policy === policy)?.online,
    sync: async () => {
      await Promise.all([...serving].map(([name, entry]) => fetch(name, entry)))
    },
  }
}
