/** One decision: limits, estimate, guard, price, plan. Pure and synchronous. */
import type {
  Candidate,
  Considered,
  Estimate,
  Estimator,
  Guard,
  Limits,
  OnlineModel,
  Plan,
  Planner,
  Preference,
  Priced,
  Query,
} from '../spec.ts'
import { standAside } from './aside.ts'
import { expectedCostUsd } from './cost.ts'
import { ableCandidates, affordableCandidates, type Exclusion, infeasible } from './feasible.ts'
import { applyGuard, guardCosts, guardFactor, typicalInputTokens } from './guard.ts'
import { withPriors } from './priors.ts'

/** What decides for a route. */
export interface RoutePolicy {
  readonly estimator: Estimator
  readonly planner: Planner
  readonly guard: Guard
  /** The order of the guard's arrays: the policy's own candidates. */
  readonly candidates: readonly string[]
  /** Names of training rows, for explanations. */
  readonly labels?: readonly string[]
  /** What was learned since. */
  readonly online?: Online
}

/** A model that learns while it serves, as decisions meet it. */
export interface Online extends Pick<OnlineModel, 'id' | 'encode' | 'correct'> {
  /** How many lessons have gone into it. */
  readonly lessons: number
}

export interface DecideInput {
  readonly query: Query
  /** The route's live pool. Priors that are missing are filled in by price rank. */
  readonly candidates: readonly Candidate[]
  readonly policy: RoutePolicy
  readonly preference: Preference
  /** Uniform in [0, 1). */
  readonly random: () => number
}

export interface Decided {
  /** Arms are indexes into `candidates`. */
  readonly plan: Plan
  /** Those that no limit excluded. */
  readonly candidates: readonly Candidate[]
  /** What each is expected to cost this very query, in USD; `NaN`: price not known. What they are compared by is in `considered`. */
  readonly expectedUsd: Float64Array
  readonly considered: Considered
}

/** All of a decision that λ does not change. */
export interface Assessment {
  /** Those that no limit excluded. */
  readonly candidates: readonly Candidate[]
  /** What is predicted of them, guarded and priced. */
  readonly priced: Priced
  /** Of this very query, in USD; `priced` has the costs by which they are compared. */
  readonly expectedUsd: Float64Array
  readonly excluded: readonly Exclusion[]
  /** Where something learns online: how much it has, and quality as predicted without it. */
  readonly learned?: Required<Pick<Considered, 'offline' | 'lessons'>>
}

/** Throws `context_length_exceeded` or `no_feasible_candidate`, naming what excluded whom. */
export function decide(input: DecideInput): Decided {
  const { query, policy, preference, random } = input
  const assessment = assess({ ...input, limits: preference.limits })
  const { candidates, priced, expectedUsd } = assessment
  const planned = policy.planner.plan(query, candidates, priced, preference, random)
  const plan = standAside(planned, { query, candidates, priced, lambda: preference.lambda })
  return { plan, candidates, expectedUsd, considered: explain(assessment, policy, preference.lambda, plan) }
}

/** A decision up to the planner; offline a sweep of λ needs it once per query. Throws as `decide` does. */
export function assess({
  query,
  candidates,
  policy,
  limits,
}: Pick<DecideInput, 'query' | 'candidates'> & {
  readonly policy: Omit<RoutePolicy, 'planner'>
  readonly limits: Limits
}): Assessment {
  const pool = candidates.every(({ priors }) => priors?.quality !== undefined && priors.outputTokens !== undefined)
    ? candidates
    : withPriors(candidates)
  const able = ableCandidates(query, pool)
  if (able.arms.length === 0) throw infeasible(able.excluded)

  const asked = able.arms.map((m) => pool[m]!)
  const offline = guarded(policy.estimator.estimate(query, asked), policy, asked)
  const estimate = policy.online?.correct(query, asked, offline) ?? offline
  // Limits are held against the query's own length; candidates are compared at the guarded one.
  const own = price(query, asked, estimate)
  const affordable = affordableCandidates(asked, own, limits)
  const excluded = [...able.excluded, ...affordable.excluded]
  if (affordable.arms.length === 0) throw infeasible(excluded)

  const { guard } = policy
  const typical = price({ inputTokens: typicalInputTokens(query.inputTokens, guard) }, asked, estimate)
  const costUsd = guardCosts(own.costUsd, typical.costUsd, guardFactor(guard, estimate.support))
  return {
    candidates: affordable.arms.map((m) => asked[m]!),
    priced: pick({ ...own, costUsd }, affordable.arms),
    expectedUsd: Float64Array.from(affordable.arms, (m) => own.costUsd[m]!),
    excluded,
    ...(policy.online && {
      learned: { offline: affordable.arms.map((m) => offline.quality[m]!), lessons: policy.online.lessons },
    }),
  }
}

function guarded(
  estimate: Estimate,
  { guard, candidates: trained }: Omit<RoutePolicy, 'planner'>,
  candidates: readonly Candidate[],
): Estimate {
  // `withPriors` has filled both in; what the estimate says stands in for the types.
  const fallback = {
    quality: candidates.map(({ priors }, m) => priors?.quality ?? estimate.quality[m]!),
    outputTokens: candidates.map(({ priors }, m) => priors?.outputTokens ?? estimate.outputTokens[m]!),
  }
  return applyGuard(estimate, guard, trained, candidates, fallback)
}

/** Expected cost: an answer is no longer than the client and the candidate let it be. */
function price(
  { inputTokens, maxOutputTokens = Number.POSITIVE_INFINITY }: Pick<Query, 'inputTokens' | 'maxOutputTokens'>,
  candidates: readonly Candidate[],
  estimate: Estimate,
): Priced {
  const outputTokens = Float64Array.from(candidates, ({ maxOutput = Number.POSITIVE_INFINITY }, m) =>
    Math.min(estimate.outputTokens[m]!, maxOutputTokens, maxOutput),
  )
  const costUsd = Float64Array.from(candidates, (candidate, m) =>
    expectedCostUsd(candidate.price, inputTokens, outputTokens[m]!),
  )
  return { ...estimate, outputTokens, costUsd }
}

function pick(priced: Priced, arms: readonly number[]): Priced {
  const of = (values: Float64Array) => Float64Array.from(arms, (m) => values[m]!)
  return {
    ...priced,
    quality: of(priced.quality),
    qualityStd: of(priced.qualityStd),
    outputTokens: of(priced.outputTokens),
    costUsd: of(priced.costUsd),
  }
}

function explain(
  { candidates, priced, excluded, learned }: Assessment,
  { guard, labels }: RoutePolicy,
  lambda: number,
  { kind, chances }: Plan,
): Considered {
  const { quality, qualityStd, costUsd, support, neighbours = [] } = priced
  const { shrink, minSupport } = guard
  return {
    candidates: candidates.map(({ id }) => id),
    quality: [...quality],
    qualityStd: [...qualityStd],
    costUsd: Array.from(costUsd, known),
    utility: Array.from(quality, (value, m) => (lambda === 0 ? value : known(value - lambda * costUsd[m]!))),
    chances,
    ...(kind === 'cascade' && { cascade: true }),
    ...learned,
    support,
    guard: { shrink, minSupport, factor: guardFactor(guard, support) },
    neighbours: neighbours.map((neighbour) => {
      const label = labels?.[neighbour.row]
      return label === undefined ? neighbour : { ...neighbour, label }
    }),
    excluded,
  }
}

/** JSON knows no NaN and no infinity. */
function known(value: number): number | null {
  return Number.isFinite(value) ? value : null
}
