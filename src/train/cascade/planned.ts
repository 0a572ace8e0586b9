/** A planner that judges answers as a router of an evaluation: its plans, followed on recorded answers by the gateway's own code. */
import { SwitchyardError } from '../../errors.ts'
import type { RoutePolicy } from '../../route/decide.ts'
import type { Estimator, JsonObject, Plan, Planner, PlannerFamily, Prediction, Query, StepAnswer } from '../../spec.ts'
import { bestOf, type Decided } from '../decided.ts'
import { pointsOf, sweepOf } from '../metrics/sweep.ts'
import type { OutcomeSet } from '../outcomes.ts'
import { predict } from '../predict.ts'
import { createRandom } from '../random.ts'
import { assignFolds, at, completeRows, logprobAt, toMatrix } from '../rows.ts'
import type { Part } from '../splits.node.ts'
import type { Sequence } from './simulate.ts'
import { type Walked, walkPlan } from './walkPlan.ts'

const FOLDS = 3
/** Share of the plans, the first, that warm the code up and are not timed. */
const COLD = 0.1

export interface PlannedOptions {
  readonly name: string
  /** As it would serve. */
  readonly policy: RoutePolicy
  /** Of the policy's planner, to fit it without some of the training rows. */
  readonly family: PlannerFamily
  readonly plannerOptions: JsonObject
  /** Predicts the training queries, each as if it had not been seen. */
  readonly heldOut: Estimator
  /** By row; those of the part. */
  readonly queries: ReadonlyMap<number, Query>
  /** The set with all outcomes and texts: what was done about a test row is looked up there. */
  readonly recorded: OutcomeSet
  readonly lambdas: readonly number[]
  readonly seed: number
}

/** Rows to which every candidate's answer is recorded. */
export function answeredRows(set: OutcomeSet, rows: readonly number[]): number[] {
  const width = set.candidates.length
  return rows.filter((row) => set.texts?.slice(row * width, (row + 1) * width).every((text) => text !== null))
}

/**
 * Decides on every test row at every λ, and on the training rows by planners that were fitted without them.
 * @throws SwitchyardError `data_invalid` where an answer is missing
 */
export function decidePlanned(set: OutcomeSet, part: Part, options: PlannedOptions): Decided {
  const { name, policy, family, plannerOptions, heldOut, queries, recorded, lambdas, seed } = options
  const { guard } = policy
  const on = (rows: readonly number[], estimator: Estimator): Case[] =>
    rows.flatMap((row) => {
      const query = queries.get(row)!
      return predict(recorded, [row], [query], { estimator, guard }).map((prediction) => ({ row, query, prediction }))
    })
  const train = answeredRows(recorded, completeRows(set, part.train))
  const seen = on(train, heldOut)
  const fresh = on(part.test, policy.estimator)
  const folds = assignFolds(set, train, FOLDS, createRandom(seed))
  const foldOf = new Map(train.map((row, i) => [row, folds[i]!]))
  const planners = Array.from({ length: FOLDS }, (_, fold) => {
    const others = seen.filter(({ row }) => foldOf.get(row) !== fold).map(({ prediction }) => prediction)
    return family.load(family.fit?.(others, plannerOptions) ?? plannerOptions)
  })
  const learned = playAll(recorded, lambdas, seen, (row) => planners[foldOf.get(row)!]!)
  const settings = playAll(recorded, lambdas, fresh, () => policy.planner)
  return {
    name,
    kind: 'policy',
    trained: {
      points: pointsOf(sweepOf(learned.map(({ outcomes }) => outcomes))),
      constant: bestOf(toMatrix(set, train)),
    },
    settings: settings.map((setting) => ({ kind: 'sequence', ...setting })),
    scores: null,
    believed: null,
    microseconds: timed(fresh, policy.planner, lambdas[0]!),
    shrink: guard.shrink,
  }
}

interface Case {
  readonly row: number
  readonly query: Query
  readonly prediction: Prediction
}

function planOf(planner: Planner, { query, prediction }: Case, lambda: number): Plan {
  return planner.plan(query, prediction.candidates, prediction.priced, { lambda, limits: {} }, createRandom(1))
}

function playAll(
  set: OutcomeSet,
  lambdas: readonly number[],
  cases: readonly Case[],
  plannerOf: (row: number) => Planner,
): Sequence[] {
  return lambdas.map((lambda) => {
    const asked: (readonly number[])[] = []
    const qualities = new Float64Array(cases.length)
    const costs = new Float64Array(cases.length)
    for (const [i, one] of cases.entries()) {
      const { row, prediction } = one
      const columns = prediction.candidates.map(({ id }) => columnOf(set, id))
      const plan = planOf(plannerOf(row), one, lambda)
      const { asked: arms, answer } =
        plan.kind === 'single' ? alone(plan) : walkPlan(plan, (arm) => answerOf(set, one, arm))
      asked.push(arms.map((arm) => columns[arm]!))
      qualities[i] = at(set, set.quality, row, columns[answer]!)
      costs[i] = arms.reduce((sum, arm) => sum + at(set, set.costUsd, row, columns[arm]!), 0)
    }
    return { outcomes: { qualities, costs }, asked }
  })
}

function alone({ arm }: Plan): Walked {
  return { asked: [arm], answer: arm }
}

function answerOf(set: OutcomeSet, { row, prediction }: Case, arm: number): Omit<StepAnswer, 'arm'> {
  const { id } = prediction.candidates[arm]!
  const column = columnOf(set, id)
  const text = prediction.recorded?.answers[arm] ?? null
  if (text !== null)
    return { text, outputTokens: at(set, set.outputTokens, row, column), logprob: logprobAt(set, row, column) }
  throw new SwitchyardError(
    'data_invalid',
    `${set.name} has no answer of ${id} to ${set.queries[row]!.id}; cascades need all answers.`,
  )
}

function columnOf({ candidates }: OutcomeSet, id: string): number {
  return candidates.findIndex((candidate) => candidate.id === id)
}

/** Single warm plans, in microseconds. */
function timed(cases: readonly Case[], planner: Planner, lambda: number): number[] {
  const all = cases.map((one) => {
    const begun = performance.now()
    planOf(planner, one, lambda)
    return 1000 * (performance.now() - begun)
  })
  return all.slice(Math.floor(COLD * cases.length))
}
