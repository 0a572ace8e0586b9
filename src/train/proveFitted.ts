/** The proof of a policy that is being fitted: every part of it that looked at outcomes decides on a query as it was without the query's fold. */
import { assess } from '../route/decide.ts'
import { ableCandidates } from '../route/feasible.ts'
import { withPriors } from '../route/priors.ts'
import type { Estimator, Guard, JsonObject, Plan, Planner, PlannerFamily, Query } from '../spec.ts'
import { type Walked, walkPlan } from './cascade/walkPlan.ts'
import type { Outcomes } from './metrics/points.ts'
import type { OutcomeSet } from './outcomes.ts'
import { predict } from './predict.ts'
import { type Proof, proofOf } from './proof.ts'
import { at, costsOf, isComplete, logprobAt } from './rows.ts'

/** A fit's predictions of its own training queries, each by a fit that had not seen the query's fold. */
export interface Cross {
  /** By fold, without the fold's outcomes in its constant. */
  readonly guards: readonly Guard[]
  /** The fold of each query. */
  readonly foldOf: readonly number[]
  readonly heldOut: Estimator
}

export interface DecideBy {
  readonly planner: PlannerFamily
  readonly plannerOptions: JsonObject
  readonly lambda: number
}

/** What held-out decisions earned and spent in expectation; entry j of each belongs to `queries[judged[j]]`. */
export interface HeldOutDecisions extends Outcomes {
  readonly judged: readonly number[]
}

/**
 * Decisions on the queries whose outcomes are all known, by the planner's exact chances; `queries[i]` belongs to `rows[i]`. A cascade is walked on the recorded
 * answers. `null` where the planner cannot be fitted on a part of the queries, and where a cascade would read an answer that is not recorded.
 */
export function decideHeldOut(
  set: OutcomeSet,
  rows: readonly number[],
  queries: readonly Query[],
  { guards, foldOf, heldOut, planner, plannerOptions, lambda }: Cross & DecideBy,
): HeldOutDecisions | null {
  const costs = costsOf(set)
  const candidates = withPriors(set.candidates)
  const judged = rows.flatMap((row, i) =>
    isComplete(set, costs, row) && ableCandidates(queries[i]!, candidates).arms.length > 0 ? [i] : [],
  )
  const ids = candidates.map(({ id }) => id)
  const decided = { qualities: new Float64Array(judged.length), costs: new Float64Array(judged.length), judged }
  for (const [fold, guard] of guards.entries()) {
    const others = rows.flatMap((_, i) => (foldOf[i] === fold ? [] : [i]))
    const plans = fitPlanner(planner, plannerOptions, () =>
      predict(
        set,
        others.map((i) => rows[i]!),
        others.map((i) => queries[i]!),
        { estimator: heldOut, guard },
      ),
    )
    if (plans === null) return null
    for (const [j, i] of judged.entries()) {
      if (foldOf[i] !== fold) continue
      const able = assess({
        query: queries[i]!,
        candidates,
        policy: { estimator: heldOut, guard, candidates: ids },
        limits: {},
      })
      const plan = plans.plan(queries[i]!, able.candidates, able.priced, { lambda, limits: {} }, () => 0.5)
      const columns = able.candidates.map(({ id }) => ids.indexOf(id))
      for (const [arm, chance] of plan.chances.entries()) {
        if (chance === 0) continue
        const walked = walk(set, { row: rows[i]!, columns, plan: { ...plan, arm } })
        if (walked === null) return null
        decided.qualities[j]! += chance * at(set, set.quality, rows[i]!, columns[walked.answer]!)
        for (const asked of walked.asked) decided.costs[j]! += chance * at(set, costs, rows[i]!, columns[asked]!)
      }
    }
  }
  return decided
}

/** Whom a plan asks and whose answer it returns; `null` where that hangs on an answer that is not recorded. */
function walk(
  set: OutcomeSet,
  { row, columns, plan }: { readonly row: number; readonly columns: readonly number[]; readonly plan: Plan },
): Walked | null {
  if (plan.kind === 'single') return { asked: [plan.arm], answer: plan.arm }
  const texts = columns.map((column) => set.texts?.[row * set.candidates.length + column] ?? null)
  if (texts.includes(null)) return null
  return walkPlan(plan, (arm) => ({
    text: texts[arm]!,
    outputTokens: at(set, set.outputTokens, row, columns[arm]!),
    logprob: logprobAt(set, row, columns[arm]!),
  }))
}

/** Whether such decisions are better than each candidate alone; `null` without any. */
export function proveDecided(
  set: OutcomeSet,
  rows: readonly number[],
  { judged, qualities, costs: spent }: HeldOutDecisions,
  lambda: number,
): Proof | null {
  const costs = costsOf(set)
  const alone = (column: number) =>
    judged.map((i) => at(set, set.quality, rows[i]!, column) - lambda * at(set, costs, rows[i]!, column))
  return proofOf({
    lambda,
    policy: qualities.map((quality, j) => quality - lambda * spent[j]!),
    alone: Object.fromEntries(set.candidates.map(({ id }, column) => [id, alone(column)])),
    prompts: judged.map((i) => set.queries[rows[i]!]!.prompt),
  })
}

/** `null` where what it is asked for cannot be had of these predictions. */
function fitPlanner(
  family: PlannerFamily,
  options: JsonObject,
  predictions: () => ReturnType<typeof predict>,
): Planner | null {
  if (!family.fit) return family.load(options)
  try {
    return family.load(family.fit(predictions(), options))
  } catch (thrown) {
    if (thrown instanceof RangeError) return null
    throw thrown
  }
}
