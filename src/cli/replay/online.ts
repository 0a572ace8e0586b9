/** Decisions of a route that learns online, made again from the log alone. */
import { foldOptions, type Recipe, toOnline } from '../../compose/learners.ts'
import { createFold } from '../../learn/fold.ts'
import { decide, type RoutePolicy } from '../../route/decide.ts'
import type { Candidate, Considered, Decision, Exploration, Reward } from '../../spec.ts'

export interface OnlineLog {
  readonly decisions: readonly Decision[]
  /** All that were ever written, in that order. */
  readonly rewards: readonly Reward[]
  /** By the hash of the text. */
  readonly vectors: ReadonlyMap<string, Float32Array>
}

export interface Serving {
  readonly recipe: Recipe
  readonly policy: RoutePolicy
  /** With priors. */
  readonly candidates: readonly Candidate[]
  readonly exploration: Exploration
  /** By how much numbers may differ, absolute up to 1 and relative beyond: 0 where the gateway computes as this process does, to the last bit. */
  readonly tolerance: number
}

/** What decides, and what it came to. */
const COMPARED = ['candidates', 'chances', 'quality', 'qualityStd', 'offline', 'utility', 'lessons'] as const

/**
 * Each decision by what had been learned when it was made: it names how many lessons that were, and which ones the order of the log says. Returns the
 * decisions that come out otherwise, by id, with what differs. Requests must have asked for nothing that the log does not keep: capabilities, and a
 * limit on the answer's length.
 */
export function decideAgain(
  { decisions, rewards, vectors }: OnlineLog,
  { recipe, policy, candidates, exploration, tolerance }: Serving,
): Map<string, string> {
  const fold = createFold(foldOptions(recipe))
  const online = toOnline(() => fold)
  const own = decisions.filter((one) => one.route === recipe.route && one.policy === recipe.policy)
  const different = new Map<string, string>()
  let read = 0
  for (const { id, query, lambda, considered } of own.toSorted((a, b) => lessonsOf(a) - lessonsOf(b))) {
    const lessons = considered?.lessons ?? 0
    for (; fold.lessons < lessons && read < rewards.length; read++) fold.take(rewards[read]!)
    const again = decide({
      query: {
        text: '',
        vector: query.embedded ? (vectors.get(query.hash) ?? null) : null,
        features: Float64Array.from(query.features),
        inputTokens: query.inputTokens,
        requires: new Set(),
      },
      candidates,
      policy: { ...policy, online },
      preference: { lambda: lambda ?? 0, limits: {}, exploration },
      random: () => 0,
    })
    const differs = COMPARED.filter((key) => !equal(considered?.[key], again.considered[key], tolerance))
    const shown = (from: Considered | null) => JSON.stringify(differs.map((key) => from?.[key]))
    if (differs.length > 0)
      different.set(id, `${differs.join(', ')}: ${shown(considered)}, again ${shown(again.considered)}`)
  }
  return different
}

function lessonsOf({ considered }: Decision): number {
  return considered?.lessons ?? 0
}

function equal(a: unknown, b: unknown, tolerance: number): boolean {
  if (typeof a === 'number' && typeof b === 'number') {
    return a === b || Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a))
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((one, i) => equal(one, b[i], tolerance))
  }
  return a === b
}
