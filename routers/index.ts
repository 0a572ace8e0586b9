/** The routers that ship: add yours to the list, and call its conformance test from a test beside it. */
import type { EstimatorFamily, PlannerFamily } from '../src/spec.ts'
import { agreement } from './estimators/agreement.ts'
import { bradleyTerry } from './estimators/bradleyTerry.ts'
import { cluster } from './estimators/cluster.ts'
import { constant } from './estimators/constant.ts'
import { contrastive } from './estimators/contrastive.ts'
import { difficulty } from './estimators/difficulty.ts'
import { domains } from './estimators/domains.ts'
import { graph } from './estimators/graph.ts'
import { kernel } from './estimators/kernel.ts'
import { knn } from './estimators/knn.ts'
import { linear } from './estimators/linear.ts'
import { lowRank } from './estimators/lowRank.ts'
import { mlp } from './estimators/mlp.ts'
import { pilot } from './estimators/pilot.ts'
import { skills } from './estimators/skills.ts'
import { createStack } from './estimators/stack.ts'
import { balance } from './planners/balance.ts'
import { budget } from './planners/budget.ts'
import { cascade } from './planners/cascade.ts'
import { categoryMap } from './planners/categoryMap.ts'
import { epsilonGreedy } from './planners/epsilonGreedy.ts'
import { hedge } from './planners/hedge.ts'
import { squarecb } from './planners/squarecb.ts'
import { threshold } from './planners/threshold.ts'
import { utility } from './planners/utility.ts'

/** What a stack can be made of: what learns from outcomes alone. */
const members: readonly EstimatorFamily[] = [
  constant,
  knn,
  linear,
  kernel,
  difficulty,
  cluster,
  lowRank,
  mlp,
  bradleyTerry,
  pilot,
  skills,
  contrastive,
  graph,
]

export const estimators: readonly EstimatorFamily[] = [...members, createStack(members), domains, agreement]

export const planners: readonly PlannerFamily[] = [
  utility,
  budget,
  threshold,
  hedge,
  balance,
  categoryMap,
  squarecb,
  epsilonGreedy,
  cascade,
]

/** A pair under one name. */
export interface Preset {
  readonly name: string
  readonly estimator: string
  readonly planner: string
}

export const presets: readonly Preset[] = [
  { name: 'knn', estimator: 'knn', planner: 'utility' },
  { name: 'cost-aware', estimator: 'linear', planner: 'utility' },
  { name: 'bandit', estimator: 'linear', planner: 'squarecb' },
  { name: 'cascade', estimator: 'kernel', planner: 'cascade' },
]

/** Throws a `RangeError` that lists the names there are. */
export function findEstimator(name: string): EstimatorFamily {
  return find('estimator', estimators, name)
}

export function findPlanner(name: string): PlannerFamily {
  return find('planner', planners, name)
}

export function findPreset(name: string): Preset {
  return find('preset', presets, name)
}

function find<T extends { readonly name: string }>(kind: string, list: readonly T[], name: string): T {
  const found = list.find((entry) => entry.name === name)
  if (found) return found
  throw new RangeError(`there is no ${kind} '${name}'; choose one of: ${list.map((entry) => entry.name).join(', ')}`)
}
