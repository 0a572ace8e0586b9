/** Hard limits: which candidates may answer at all. Every exclusion names its limit. */
import { SwitchyardError } from '../errors.ts'
import type { Candidate, Considered, Limits, Priced, Query } from '../spec.ts'
import { round } from './round.ts'

export type Exclusion = Considered['excluded'][number]

/** What excludes a candidate, and what excludes the others. Indexes follow the candidates given. */
export interface Feasible {
  readonly arms: readonly number[]
  readonly excluded: readonly Exclusion[]
}

/** Tokens of context that must be left for an answer of which the client did not say how long it may be. */
const MIN_ANSWER_TOKENS = 256
const CONTEXT_WINDOW = 'context_window'

/** By what the request demands: capabilities, length of the answer, context window. Needs no prediction. */
export function ableCandidates(query: Query, candidates: readonly Candidate[]): Feasible {
  return split(candidates, (candidate) => {
    const missing = [...query.requires].filter((capability) => !candidate.capabilities.has(capability))
    if (missing.length > 0) return `requires ${missing.join(', ')}`
    const { maxOutputTokens } = query
    if (maxOutputTokens !== undefined && maxOutputTokens > (candidate.maxOutput ?? Number.POSITIVE_INFINITY)) {
      return `max_output ${candidate.maxOutput} < ${maxOutputTokens}`
    }
    const needed = query.inputTokens + (maxOutputTokens ?? MIN_ANSWER_TOKENS)
    return needed > candidate.contextWindow ? `${CONTEXT_WINDOW} ${candidate.contextWindow} < ${needed}` : null
  })
}

/** By the limits on what is predicted. Costs are expected ones; one that is not known keeps no limit on cost. */
export function affordableCandidates(candidates: readonly Candidate[], priced: Priced, limits: Limits): Feasible {
  const { maxCostUsd, minQuality } = limits
  return split(candidates, (_, m) => {
    const cost = priced.costUsd[m]!
    if (maxCostUsd !== undefined && Number.isNaN(cost)) return `max_cost ${maxCostUsd} USD, price not known`
    if (maxCostUsd !== undefined && cost > maxCostUsd) return `max_cost ${maxCostUsd} USD < ${round(cost)}`
    const quality = priced.quality[m]!
    return minQuality !== undefined && quality < minQuality ? `min_quality ${minQuality} > ${round(quality)}` : null
  })
}

/**
 * The error when nobody is left: `context_length_exceeded` when a shorter request would have found a candidate (clients know how to
 * shorten), else `no_feasible_candidate`.
 */
export function infeasible(excluded: readonly Exclusion[]): SwitchyardError {
  const list = excluded.map(({ candidate, limit }) => `${candidate} (${limit})`).join('; ')
  if (excluded.length === 0) {
    return new SwitchyardError('no_feasible_candidate', 'The route has no candidates; add some to its configuration.')
  }
  const able = excluded.filter(({ limit }) => !limit.startsWith('requires '))
  if (able.length > 0 && able.every(({ limit }) => limit.startsWith(CONTEXT_WINDOW))) {
    return new SwitchyardError(
      'context_length_exceeded',
      `The request is too long for every candidate that could answer it: ${list}. Shorten it or ask for fewer output tokens.`,
      { param: 'messages' },
    )
  }
  return new SwitchyardError(
    'no_feasible_candidate',
    `No candidate may answer this request: ${list}. Relax a limit or name another model.`,
  )
}

/** `limitOf` names the limit that a candidate breaks, or `null`. */
function split(
  candidates: readonly Candidate[],
  limitOf: (candidate: Candidate, m: number) => string | null,
): Feasible {
  const arms: number[] = []
  const excluded: Exclusion[] = []
  for (const [m, candidate] of candidates.entries()) {
    const limit = limitOf(candidate, m)
    if (limit === null) arms.push(m)
    else excluded.push({ candidate: candidate.id, limit })
  }
  return { arms, excluded }
}
