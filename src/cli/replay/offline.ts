/** What a policy would do about a query of a replay, by the gateway's own code and the records. */
import { wholeTokens } from '../../compose/transports.node.ts'
import { type Decided, decide } from '../../route/decide.ts'
import { withPriors } from '../../route/priors.ts'
import { placeholderAnswer } from '../../simulate/replay.ts'
import type { Candidate, Query } from '../../spec.ts'
import { walkPlan } from '../../train/cascade/walkPlan.ts'
import type { Answers } from '../../train/dataset.node.ts'
import { at, logprobAt } from '../../train/rows.ts'
import type { Learned } from '../learn.ts'

/** One way in which the query may be answered. Candidates by id. */
export interface Course {
  /** In the order in which they are asked. */
  readonly asked: readonly string[]
  /** Whose answer the client gets. */
  readonly candidate: string
  readonly propensity: number
}

export interface Offline {
  /** Every course that is possible; their propensities sum to 1. */
  coursesOf(row: number, lambda: number, query?: Query): readonly Course[]
  /** Utilities of the candidates compared, by id. */
  utilityOf(row: number, lambda: number, query?: Query): (id: string) => number
  /** What a candidate answered, as the upstream of the replay says it. */
  textOf(row: number, candidate: string): string
}

/** @param answers the recorded ones; `null` where the set has none */
export function createOffline(
  { learned, candidates }: { readonly learned: Learned; readonly candidates: readonly Candidate[] },
  answers: Answers | null,
): Offline {
  const { set, queries, compiled } = learned
  const columnOf = new Map(set.candidates.map(({ id }, column) => [id, column]))
  const pool = withPriors(candidates)

  const textOf = (row: number, candidate: string) => {
    const { id } = set.queries[row]!
    return answers?.get(id)?.[candidate] ?? placeholderAnswer(id, candidate)
  }
  const decided = (row: number, lambda: number, query = queries.get(row)): Decided => {
    if (!query) throw new RangeError(`Row ${row} of ${set.name} has no query.`)
    return decide({ query, candidates: pool, policy: compiled, preference: { lambda, limits: {} }, random: () => 0 })
  }
  return {
    textOf,
    coursesOf(row, lambda, query) {
      const { plan, candidates: able } = decided(row, lambda, query)
      const idOf = (arm: number) => able[arm]!.id
      if (plan.kind === 'single') {
        return plan.chances.flatMap((propensity, arm) =>
          propensity > 0 ? [{ asked: [idOf(arm)], candidate: idOf(arm), propensity }] : [],
        )
      }
      const { asked, answer } = walkPlan(plan, (arm) => {
        const column = columnOf.get(idOf(arm))!
        return {
          text: textOf(row, idOf(arm)),
          outputTokens: wholeTokens(at(set, set.outputTokens, row, column)),
          logprob: able[arm]!.capabilities.has('logprobs') ? logprobAt(set, row, column) : null,
        }
      })
      return [{ asked: asked.map(idOf), candidate: idOf(answer), propensity: plan.propensity }]
    },
    utilityOf(row, lambda, query) {
      const { considered } = decided(row, lambda, query)
      return (id) => considered.utility[considered.candidates.indexOf(id)] ?? Number.NaN
    },
  }
}
