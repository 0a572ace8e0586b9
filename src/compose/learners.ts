/** What learns online in this installation: one model for each policy of a route whose planner explores. */
import { createOnlineModel, type OnlineShape } from '../../routers/online/residual.ts'
import type { Fold, FoldOptions } from '../learn/fold.ts'
import { type Learner, openLearner } from '../learn/learner.ts'
import type { Online } from '../route/decide.ts'
import type { Store } from '../spec.ts'

/** All that a fold depends on beside the rewards. Data, so that it can be sent to where the folding is done. */
export type Recipe = Pick<FoldOptions, 'route' | 'policy' | 'keyShare'> & OnlineShape

export interface Learners {
  /** Makes ready what is asked for, as far as the log goes by now, and lets go of the others. */
  serve(recipes: readonly Recipe[]): Promise<void>
  /** What `serve` was asked for last, by its route and policy. */
  find(route: string, policy: string | null): Online | undefined
}

/** Learners that fold in this process. What no longer serves is kept as it was then: it may come back after its rewards are gone. */
export interface LocalLearners extends Learners {
  /** Reads on to the end of the log. */
  follow(): Promise<void>
  /** Keeps what was learned, so that the rewards behind it may be deleted. */
  keep(): Promise<void>
}

export function foldOptions(recipe: Recipe): FoldOptions {
  return { ...recipe, create: (saved) => createOnlineModel(recipe, saved) }
}

/** Folds of other recipes are no use to this one. */
export function nameOf(recipe: Recipe): string {
  const { route, policy, keyShare, forgetting } = recipe
  const { id } = createOnlineModel(recipe)
  return JSON.stringify([route, policy, id, keyShare, forgetting])
}

export function createLocalLearners(
  store: Pick<Store, 'append' | 'rows' | 'snapshot'>,
  now: () => number,
): LocalLearners {
  let serving: ReadonlyMap<string, { readonly recipe: Recipe; readonly learner: Learner; readonly online: Online }> =
    new Map()
  const all = () => [...serving.values()]

  async function open(name: string, recipe: Recipe) {
    const known = serving.get(name)
    if (known) return known
    const learner = await openLearner(name, { store, ...foldOptions(recipe) })
    return { recipe, learner, online: toOnline(() => learner.fold) }
  }

  return {
    async serve(recipes) {
      const named = recipes.map((recipe) => [nameOf(recipe), recipe] as const)
      const next = new Map(
        await Promise.all(named.map(async ([name, recipe]) => [name, await open(name, recipe)] as const)),
      )
      const retired = [...serving].flatMap(([name, { learner }]) => (next.has(name) ? [] : [learner]))
      serving = next
      // Where the log fails what comes next serves all the same.
      await Promise.allSettled(retired.map((learner) => learner.keep(now())))
    },
    find: (route, policy) => all().find(({ recipe }) => recipe.route === route && recipe.policy === policy)?.online,
    follow: async () => {
      await Promise.all(all().map(({ learner }) => learner.follow()))
    },
    keep: async () => {
      await Promise.all(all().map(({ learner }) => learner.keep(now())))
    },
  }
}

/** A fold as decisions meet it, whichever it is by then. */
export function toOnline(fold: () => Fold): Online {
  return {
    get id() {
      return fold().model.id
    },
    encode: (query) => fold().model.encode(query),
    correct: (query, candidates, estimate) => fold().model.correct(query, candidates, estimate),
    get lessons() {
      return fold().lessons
    },
  }
}
