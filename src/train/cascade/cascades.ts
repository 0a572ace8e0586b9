/**
 * Cascades as routers of an evaluation: a policy's expectations, a judge of answers learned from recorded ones, and on top of both the threshold
 * cascade and cascade routing. Whatever is learned from training rows decides on them by a fit that has not seen them.
 */
import { type Acceptance, type AcceptanceExample, believe, fitAcceptance } from '../../../routers/cascade/acceptance.ts'
import { MAX_STEPS } from '../../../routers/cascade/cascadeRouting.ts'
import { readSignals } from '../../../routers/cascade/signals.ts'
import { SwitchyardError } from '../../errors.ts'
import type { RoutePolicy } from '../../route/decide.ts'
import type { Estimator, Query } from '../../spec.ts'
import { bestOf, type Decided } from '../decided.ts'
import type { OutcomeMatrix } from '../metrics/points.ts'
import { utilities } from '../metrics/regret.ts'
import { mean } from '../metrics/statistics.ts'
import { pointsOf, sweepOf } from '../metrics/sweep.ts'
import type { OutcomeSet } from '../outcomes.ts'
import { createRandom } from '../random.ts'
import { assignFolds, completeRows, toMatrix } from '../rows.ts'
import type { Part } from '../splits.node.ts'
import { type Expectations, expectationsOf } from './expectations.ts'
import { fitThresholds } from './fitThresholds.ts'
import { planRouting, planThresholds, remember, type Sequence, type Sequential, simulate, walk } from './simulate.ts'

/** Names of those that an evaluation knows, beside that of the policy; the last is the planner. */
export const CASCADES = ['threshold cascade', 'cascade routing', 'cascade'] as const

const FOLDS = 3
/** Orders of candidates per training row that the judge of answers learns from. */
const PATHS = 4
/**
 * Of the spread that the judge of answers reports. Answers that are right or wrong together promise less than independent ones, and how much
 * less is not known: for each λ the share of highest utility on the training rows is taken. 0 is routing that may go on after an answer.
 */
const SPREAD_SHARES = [0, 0.25, 0.5, 1]
/** Share of the walks, the first, that warm the code up and are not timed. */
const COLD = 0.1

export interface CascadeOptions {
  /** Of the policy, for the names of the two. */
  readonly name: string
  /** What is expected before any answers. */
  readonly policy: Omit<RoutePolicy, 'planner'>
  /** Predicts the training queries, each as if it had not been seen. */
  readonly heldOut: Estimator
  /** By row; those of the part. */
  readonly queries: ReadonlyMap<number, Query>
  /** The set with all outcomes and texts: what was done about a test row is looked up there. */
  readonly recorded: OutcomeSet
  readonly lambdas: readonly number[]
  readonly seed: number
}

/** A query with all that a plan may come to know of it. */
interface Case extends AcceptanceExample {
  readonly costUsd: Float64Array
}

/**
 * The threshold cascade and cascade routing, learned from the part's training rows of `set`, decided on every test row at every λ.
 * @throws SwitchyardError `data_invalid` where an answer is missing
 */
export function decideCascades(set: OutcomeSet, part: Part, options: CascadeOptions): Decided[] {
  const { name, policy, heldOut, queries, recorded, lambdas, seed } = options
  const random = createRandom(seed)
  const casesOn = (rows: readonly number[], estimator: Estimator) => {
    const list = rows.map((row) => queries.get(row)!)
    return casesOf(recorded, rows, expectationsOf(set, list, { ...policy, estimator }))
  }
  const train = completeRows(set, part.train)
  const seen = casesOn(train, heldOut)
  const fresh = casesOn(part.test, policy.estimator)
  const foldOf = assignFolds(set, train, FOLDS, random)
  const learn = (cases: readonly Case[]) => fitAcceptance(cases, { maxSteps: MAX_STEPS, paths: PATHS, random })
  const parts = Array.from({ length: FOLDS }, (_, fold) => learn(seen.filter((_, i) => foldOf[i] !== fold)))
  const training: Known = {
    cases: seen,
    foldOf,
    matrix: toMatrix(set, train),
    judgeOf: (i) => parts[foldOf[i]!]!,
  }
  const whole = learn(seen)
  const testing = { cases: fresh, matrix: toMatrix(recorded, part.test), judgeOf: () => whole }

  const decided = (rule: string, heldOut: readonly Sequence[], planOf: (query: number) => Sequential): Decided => {
    const settings = simulate(testing.matrix, lambdas.length, planOf)
    return {
      name: `${name} · ${rule}`,
      kind: 'policy',
      trained: {
        points: pointsOf(sweepOf(heldOut.map(({ outcomes }) => outcomes))),
        constant: bestOf(training.matrix),
      },
      settings: settings.map((setting) => ({ kind: 'sequence', ...setting })),
      scores: null,
      believed: null,
      microseconds: timed(fresh.length, planOf),
      shrink: policy.guard.shrink,
    }
  }
  const threshold = thresholds(training, testing, lambdas)
  const routing = routings(training, testing, lambdas)
  return [
    decided(CASCADES[0], threshold.heldOut, threshold.planOf),
    decided(CASCADES[1], routing.heldOut, routing.planOf),
  ]
}

/** Cases with their outcomes, and the judge of the answers of each. */
interface Unseen {
  readonly cases: readonly Case[]
  readonly matrix: OutcomeMatrix
  readonly judgeOf: (query: number) => Acceptance
}

interface Known extends Unseen {
  readonly foldOf: readonly number[]
}

interface Rule {
  /** On training rows, by what had not seen them. */
  readonly heldOut: readonly Sequence[]
  readonly planOf: (query: number) => Sequential
}

/** Order and thresholds come from the scores of the training rows; for the rows of a fold, from those of the other folds. */
function thresholds(training: Known, testing: Unseen, lambdas: readonly number[]): Rule {
  const scored = { known: scoresOf(training), fresh: scoresOf(testing) }
  const { models } = training.matrix
  const cascadesOn = (rows: readonly number[]) => {
    const pick = (values: Float64Array) => Float64Array.from(rows, (i) => values[i]!)
    const cells = (values: Float64Array) =>
      Float64Array.from(rows.flatMap((i) => [...values.subarray(i * models, (i + 1) * models)]))
    const { qualities, costs } = training.matrix
    const matrix = { models, qualities: cells(qualities), costs: cells(costs) }
    return fitThresholds(matrix, lambdas, (asked) => pick(scored.known(asked)))
  }
  const all = training.cases.map((_, i) => i)
  const parts = Array.from({ length: FOLDS }, (_, fold) => cascadesOn(all.filter((i) => training.foldOf[i] !== fold)))
  const whole = cascadesOn(all)
  return {
    heldOut: simulate(training.matrix, lambdas.length, (i) =>
      planThresholds((asked) => scored.known(asked)[i]!, parts[training.foldOf[i]!]!),
    ),
    planOf: (i) => planThresholds((asked) => scored.fresh(asked)[i]!, whole),
  }
}

/** Of the last of the answers, on all cases; kept. */
function scoresOf(data: Unseen): (asked: readonly number[]) => Float64Array {
  const known = new Map<string, Float64Array>()
  return (asked) => {
    const key = asked.join()
    const found = known.get(key)
    if (found !== undefined) return found
    const scores = Float64Array.from(data.cases, (one, i) => hear(data.judgeOf(i), one, asked).quality[asked.at(-1)!]!)
    known.set(key, scores)
    return scores
  }
}

/** For each λ with the share of the spread that did best on the training rows. */
function routings(training: Known, testing: Unseen, lambdas: readonly number[]): Rule {
  const plansOf = ({ cases, judgeOf }: Unseen, i: number) => {
    const heard = remember((asked) => hear(judgeOf(i), cases[i]!, asked))
    return SPREAD_SHARES.map((share) =>
      planRouting((asked) => {
        const { quality, qualityStd } = heard(asked)
        return { quality, qualityStd: Array.from(qualityStd, (std) => share * std), costUsd: cases[i]!.costUsd }
      }, lambdas),
    )
  }
  /** Settings: the λ of the first share, then those of the next. */
  const tried = simulate(training.matrix, SPREAD_SHARES.length * lambdas.length, (i) =>
    choosing(plansOf(training, i), (setting) => [Math.floor(setting / lambdas.length), setting % lambdas.length]),
  )
  const best = lambdas.map((lambda, k) => {
    const reached = SPREAD_SHARES.map((_, share) =>
      mean(utilities(tried[share * lambdas.length + k]!.outcomes, lambda)),
    )
    return reached.indexOf(Math.max(...reached))
  })
  return {
    heldOut: best.map((share, k) => tried[share * lambdas.length + k]!),
    planOf: (i) => choosing(plansOf(testing, i), (setting) => [best[setting]!, setting]),
  }
}

/** Of several plans the one, and of its settings that, which a setting stands for. */
function choosing(plans: readonly Sequential[], which: (setting: number) => readonly [number, number]): Sequential {
  return {
    next(asked, setting) {
      const [plan, own] = which(setting)
      return plans[plan]!.next(asked, own)
    },
    answer(asked, setting) {
      const [plan, own] = which(setting)
      return plans[plan]!.answer(asked, own)
    },
  }
}

function hear(acceptance: Acceptance, { expected, answers }: Case, asked: readonly number[]) {
  return believe(
    acceptance,
    expected,
    asked.map((candidate) => ({ candidate, signals: answers[candidate]! })),
  )
}

function casesOf(set: OutcomeSet, rows: readonly number[], expected: Expectations): Case[] {
  const width = set.candidates.length
  return rows.map((row, i) => {
    const own = <T>(values: { subarray(from: number, to: number): T }, at: number) =>
      values.subarray(at * width, (at + 1) * width)
    const { id, prompt } = set.queries[row]!
    return {
      expected: { quality: own(expected.quality, i), outputTokens: own(expected.outputTokens, i) },
      costUsd: own(expected.costUsd, i),
      quality: own(set.quality, row),
      answers: set.candidates.map((candidate, m) => {
        const answer = set.texts?.[row * width + m] ?? null
        if (answer === null) {
          throw new SwitchyardError(
            'data_invalid',
            `${set.name} has no answer of ${candidate.id} to ${id}; cascades need all answers.`,
          )
        }
        return readSignals(prompt, answer, set.outputTokens[row * width + m]!)
      }),
    }
  })
}

/** Whole walks at the first setting, in microseconds: what all decisions about a query take, without the calls. */
function timed(count: number, planOf: (query: number) => Sequential): number[] {
  const all = Array.from({ length: count }, (_, i) => {
    const begun = performance.now()
    walk(planOf(i), 0)
    return 1000 * (performance.now() - begun)
  })
  return all.slice(Math.floor(COLD * count))
}
