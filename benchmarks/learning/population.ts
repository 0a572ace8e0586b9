/** Recorded outcomes as a population of requests: logs are drawn from it with replacement, so that what a policy is worth on it is known exactly. */
import { findEstimator, findPlanner } from '../../routers/index.ts'
import type { RoutePolicy } from '../../src/route/decide.ts'
import { lambdaLevels } from '../../src/route/lambda.ts'
import { priorQuality, withPriors } from '../../src/route/priors.ts'
import type { JsonObject, Query } from '../../src/spec.ts'
import { fitPolicy } from '../../src/train/fit.ts'
import { type LoggedRequest, measure } from '../../src/train/ope/request.ts'
import { createTarget, type Target } from '../../src/train/ope/target.ts'
import { createRandom, shuffle } from '../../src/train/random.ts'
import { at, completeRows, costsOf } from '../../src/train/rows.ts'
import { withoutGuard } from '../../src/train/unguarded.ts'
import type { Material } from '../guard/material.ts'

/** Training queries of the policy that logs and of those that are judged. */
const LOGGER_ROWS = 200
const TARGET_ROWS = 300
const SEED = 1

/** Who logs: the planner over a linear estimator of features. */
export const LOGGERS = {
  'squarecb 10': { planner: 'squarecb', options: { gamma: 10 } },
  'squarecb 50': { planner: 'squarecb', options: { gamma: 50 } },
  'epsilon 0.2': { planner: 'epsilon-greedy', options: { epsilon: 0.2 } },
  'epsilon 0.01': { planner: 'epsilon-greedy', options: { epsilon: 0.01 } },
  utility: { planner: 'utility', options: {} },
} as const satisfies Readonly<Record<string, { planner: string; options: JsonObject }>>
export type Logger = keyof typeof LOGGERS

/** See `createTarget`. */
type ChancesOn = (request: LoggedRequest) => readonly number[]

export interface Population {
  /** By name, what each policy would have done. */
  readonly targets: Readonly<Record<string, ChancesOn>>
  /** Mean utility of the target over the whole population. */
  truth(target: ChancesOn, logger: Logger): number
  /** Requests drawn with replacement, each a request of its own, and for each a candidate by the logger's chances. */
  draw(logger: Logger, size: number, seed: number): LoggedRequest[]
}

export function createPopulation({ set, queries }: Material): Population {
  const rows = shuffle(
    completeRows(
      set,
      set.queries.map((_, row) => row),
    ),
    createRandom(SEED),
  )
  const candidates = withPriors(set.candidates)
  const ids = candidates.map(({ id }) => id)
  const lambda = lambdaLevels(candidates, priorQuality(candidates)).auto
  const costs = costsOf(set)
  const [forLogger, forTargets] = [rows.slice(0, LOGGER_ROWS), rows.slice(LOGGER_ROWS, LOGGER_ROWS + TARGET_ROWS)]
  const population = rows.slice(LOGGER_ROWS + TARGET_ROWS)
  const learn = (estimator: string, from: readonly number[], queryOf = (row: number) => queries[row]!): RoutePolicy => {
    const family = findEstimator(estimator)
    const planner = findPlanner('utility')
    const { manifest, state } = fitPolicy({
      set,
      rows: from,
      queries: from.map(queryOf),
      family,
      planner,
      judge: planner.load({}),
      encoder: null,
      random: createRandom(SEED),
      createdAt: '',
    })
    return withoutGuard({
      estimator: family.load(state, ids),
      planner: planner.load({}),
      guard: manifest.guard,
      candidates: ids,
    })
  }
  const base = learn('linear', forLogger, (row) => ({ ...queries[row]!, vector: null }))
  const kernel = learn('kernel', forTargets)
  const loggerOf = (name: Logger): RoutePolicy => ({
    ...base,
    planner: findPlanner(LOGGERS[name].planner).load(LOGGERS[name].options),
  })
  const targets = Object.entries({
    constant: learn('constant', forTargets),
    kernel,
    'kernel, epsilon 0.3': { ...kernel, planner: findPlanner('epsilon-greedy').load({ epsilon: 0.3 }) },
    logged: 'logged',
  } satisfies Readonly<Record<string, Target>>)
  const request = (row: number, name: string, arm: number, chances: readonly number[]): LoggedRequest => ({
    arm,
    query: queries[row]!,
    decision: { lambda, considered: { candidates: ids, chances }, query: { hash: name } },
    worth: { quality: at(set, set.quality, row, arm) },
    outcome: { costUsd: at(set, costs, row, arm) },
  })
  const chancesOf = new Map(
    Object.keys(LOGGERS).map((name) => {
      const chances = createTarget(loggerOf(name as Logger), { candidates })
      return [name, population.map((row) => chances(request(row, '', 0, [])))]
    }),
  )
  return {
    targets: Object.fromEntries(
      targets.map(([name, target]) => [name, remembering(createTarget(target, { candidates }), target)]),
    ),
    truth(chances, logger) {
      let sum = 0
      for (const [i, row] of population.entries()) {
        const own = chances(request(row, '', 0, chancesOf.get(logger)![i]!))
        for (const [arm, chance] of own.entries())
          sum += chance * measure('utility', at(set, set.quality, row, arm), at(set, costs, row, arm), lambda)
      }
      return sum / population.length
    },
    draw(logger, size, seed) {
      const random = createRandom(seed)
      return Array.from({ length: size }, (_, n) => {
        const i = Math.floor(random() * population.length)
        const chances = chancesOf.get(logger)![i]!
        return request(population[i]!, `${n}`, drawArm(chances, random()), chances)
      })
    },
  }
}

function drawArm(chances: readonly number[], point: number): number {
  let rest = point
  for (const [arm, chance] of chances.entries()) {
    rest -= chance
    if (rest < 0) return arm
  }
  return chances.findLastIndex((chance) => chance > 0)
}

/** Every log asks for the same queries; what a policy does with one is worked out once. What was logged is another matter in every log. */
function remembering(chancesOn: ChancesOn, target: Target): ChancesOn {
  if (target === 'logged') return chancesOn
  const known = new Map<Query, readonly number[]>()
  return (request) => {
    const chances = known.get(request.query) ?? chancesOn(request)
    known.set(request.query, chances)
    return chances
  }
}
