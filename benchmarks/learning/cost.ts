/**
 * What online learning costs: one reward learned, by its key's share too, the decision with it beside the one without, and what is stored. 11 and 20 candidates, vectors of 512 dimensions
 * (../routing/prompts.ts). Decisions with and without take turns, so that the machine's moods meet both.
 */
import { seeded } from '../../routers/fixtures.ts'
import { findEstimator, findPlanner } from '../../routers/index.ts'
import { createOnlineModel } from '../../routers/online/residual.ts'
import { createFold } from '../../src/learn/fold.ts'
import { decide, type RoutePolicy } from '../../src/route/decide.ts'
import { withPriors } from '../../src/route/priors.ts'
import type { Reward } from '../../src/spec.ts'
import { quantile } from '../../src/train/metrics/statistics.ts'
import { createWorld, DIM } from '../routing/prompts.ts'

const ROWS = 2000
const QUERIES = 400
const ROUNDS = 9
const POOLS = [11, 20]
const ESTIMATORS = ['linear', 'knn']
const KEYS = 7
const FORGETTING = 0.999

export interface CostLine {
  readonly what: string
  readonly figure: string
}

export function measureCost(): CostLine[] {
  return POOLS.flatMap((count) => {
    const world = createWorld(count, 1)
    const data = world.draw(ROWS)
    const candidates = withPriors(data.candidates)
    const ids = candidates.map(({ id }) => id)
    const fresh = world.draw(QUERIES).queries
    const shape = { features: fresh[0]!.features.length, dim: DIM, forgetting: FORGETTING }
    const fold = createFold({
      route: 'auto',
      policy: null,
      keyShare: 0.5,
      forgetting: FORGETTING,
      create: (saved) => createOnlineModel(shape, saved),
    })
    const { model } = fold
    const random = seeded(1)
    const rewards = fresh.map(
      (query, i): Reward => ({
        decision: `${i}`,
        at: i,
        tenant: `key ${i % KEYS}`,
        route: 'auto',
        policy: null,
        candidate: ids[i % count]!,
        source: 'user',
        quality: random(),
        costUsd: 0.001,
        lambda: 20,
        propensity: 1 / count,
        lesson: { model: model.id, features: model.encode(query), predicted: 0.5 },
      }),
    )
    const updates = rounds(() => rewards.map((reward) => timed(() => fold.take(reward))))

    const decisions = ESTIMATORS.map((name): CostLine => {
      const family = findEstimator(name)
      const policy = {
        estimator: family.load(family.fit(data, family.defaults, seeded(2)), ids),
        guard: {
          shrink: 0.8,
          minSupport: 0.2,
          quality: ids.map(() => 0.5),
          outputTokens: ids.map(() => 250),
          evidence: {},
        },
        candidates: ids,
      }
      const timeOf = (query: (typeof fresh)[number], by: RoutePolicy) =>
        timed(() => decide({ query, candidates, policy: by, preference: { lambda: 20, limits: {} }, random }))
      const plain = { ...policy, planner: findPlanner('utility').load({}) }
      const bandit = { ...policy, planner: findPlanner('squarecb').load({}), online: { ...model, lessons: 0 } }
      const pairs = rounds(() => fresh.map((query) => [timeOf(query, plain), timeOf(query, bandit)] as const))
      const median = (which: 0 | 1) =>
        quantile(
          pairs.map((pair) => pair[which]),
          0.5,
        )
      return {
        what: `decision, ${count} candidates, ${name}`,
        figure: `${ms(median(0))} without, ${ms(median(1))} with the bandit: × ${(median(1) / median(0)).toFixed(2)} (medians)`,
      }
    })
    return [
      {
        what: `one reward, ${count} candidates`,
        figure: `median ${ms(quantile(updates, 0.5))}, p99 ${ms(quantile(updates, 0.99))}`,
      },
      ...decisions,
      { what: `state, ${count} candidates`, figure: `${(fold.save().length / 1e6).toFixed(3)} MB` },
    ]
  })
}

/** The first round warms the compiler up. */
function rounds<T>(round: () => readonly T[]): T[] {
  return Array.from({ length: ROUNDS + 1 }, round)
    .slice(1)
    .flat()
}

function timed(work: () => void): number {
  const begun = performance.now()
  work()
  return performance.now() - begun
}

function ms(value: number): string {
  return `${value.toFixed(3)} ms`
}
