/**
 * Prequential replay: each query is decided by the gateway's own code, then the outcome of the one candidate that was asked is learned, at once or
 * later, or never. What a round earned is its expectation over the chances of the decision, so that the luck of the draw is in the learning alone.
 */
import { createOnlineModel } from '../../routers/online/residual.ts'
import { FEATURES } from '../../src/embed/features.ts'
import { type Decided, decide } from '../../src/route/decide.ts'
import type { OnlineModel, Planner } from '../../src/spec.ts'
import { createRandom, shuffle } from '../../src/train/random.ts'
import type { Phase, Prior, Scenario, World } from './scenario.ts'

export interface LearnerSpec {
  readonly name: string
  readonly prior: Prior
  readonly planner: Planner
  /** What it learns from: nothing, the outcome of whom it asked, or those of all. */
  readonly sees: 'nothing' | 'asked' | 'all'
}

export interface ReplayOptions {
  readonly seed: number
  readonly rounds: number
  readonly forgetting: number
  /** As a route's `exploration.maxLoss`. */
  readonly maxLoss: number
  /** Requests that are decided between a request and the lesson of its outcome. */
  readonly delay: number
  /** In [0, 1]: share of the requests whose outcome is ever learned. Which ones is drawn by the seed, the same for every learner. */
  readonly scored: number
}

export interface Run {
  /** quality − λ · cost per round. */
  readonly earned: Float64Array
  /** From the change on: what it would have earned had it learned no more. */
  readonly frozen: Float64Array
  /** Chance of another than the best by what is predicted, mean over rounds. */
  readonly explored: number
}

/** The queries of a run, by number: each once, in an order of its own, then again in another. */
export function orderOf(count: number, { seed, rounds }: Pick<ReplayOptions, 'seed' | 'rounds'>): number[] {
  const random = createRandom(seed)
  const all = Array.from({ length: count }, (_, i) => i)
  const passes = Array.from({ length: Math.ceil(rounds / count) }, () => shuffle(all, random))
  return passes.flat().slice(0, rounds)
}

/** What each candidate of the phase would have earned in each of the rounds. */
export function worthOf({ quality, costUsd }: Phase, row: number, lambda: number): Float64Array {
  return quality[row]!.map((value, c) => value - lambda * costUsd[row]![c]!)
}

export function replay(world: World, scenario: Scenario, learner: LearnerSpec, options: ReplayOptions): Run {
  const { seed, rounds, forgetting, maxLoss, delay, scored } = options
  const { queries, lambda } = world
  // Whoever sees all outcomes of a request forgets by the request like the others, not once for each of its lessons.
  const lessonsEach = learner.sees === 'all' ? scenario.after.candidates.length : 1
  const shape = {
    features: FEATURES.length,
    dim: queries[0]!.vector!.length,
    forgetting: forgetting ** (1 / lessonsEach),
  }
  const model = createOnlineModel(shape)
  const random = createRandom(seed + 1_000_000)
  const scores = createRandom(seed + 2_000_000)
  /** Of the newest requests, oldest first, what is learned once it is known. */
  const awaited: (() => void)[] = []
  const change = Math.floor(rounds / 2)
  const earned = new Float64Array(rounds)
  const frozen = new Float64Array(rounds - change)
  let explored = 0
  let old: OnlineModel | null = null

  function decideBy(by: OnlineModel, row: number, { candidates }: Phase): Decided {
    const online = learner.sees === 'nothing' ? {} : { online: { ...by, lessons: 0 } }
    return decide({
      query: queries[row]!,
      candidates,
      policy: { ...scenario.policies[learner.prior], planner: learner.planner, ...online },
      preference: { lambda, limits: {}, exploration: { allowed: true, maxLoss } },
      random,
    })
  }

  function learn({ plan, considered }: Decided, row: number, phase: Phase): void {
    const lesson = { model: model.id, features: model.encode(queries[row]!), weight: 1 }
    for (const [c, { id }] of phase.candidates.entries()) {
      if (learner.sees === 'asked' && c !== plan.arm) continue
      model.learn(id, { ...lesson, predicted: considered.offline![c]! }, phase.quality[row]![c]!)
    }
  }

  /** Every test query can be answered by everybody: arms are columns of the phase. */
  const expected = ({ plan }: Decided, row: number, phase: Phase) =>
    worthOf(phase, row, lambda).reduce((sum, worth, c) => sum + plan.chances[c]! * worth, 0)

  for (const [t, row] of orderOf(queries.length, options).entries()) {
    const phase = t < change ? scenario.before : scenario.after
    if (t === change && scenario.before !== scenario.after) old = createOnlineModel(shape, model.save())
    if (old) frozen[t - change] = expected(decideBy(old, row, phase), row, phase)
    const decided = decideBy(model, row, phase)
    earned[t] = expected(decided, row, phase)
    explored += (1 - Math.max(...decided.plan.chances)) / rounds
    if (learner.sees === 'nothing') continue
    awaited.push(scores() < scored ? () => learn(decided, row, phase) : () => {})
    if (awaited.length > delay) awaited.shift()!()
  }
  return { earned, frozen, explored }
}
