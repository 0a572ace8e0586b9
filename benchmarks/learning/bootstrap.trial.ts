/** One draw of prompts, as `switchyard bootstrap` would have them graded: its verdict, and the truth by other prompts. */
import { findEstimator, findPlanner } from '../../routers/index.ts'
import type { RoutePolicy } from '../../src/route/decide.ts'
import { lambdaLevels } from '../../src/route/lambda.ts'
import { priorQuality, withPriors } from '../../src/route/priors.ts'
import { bootstrapPolicy } from '../../src/train/bootstrap/learn.ts'
import type { Verdict } from '../../src/train/bootstrap/verdict.ts'
import { createChooser } from '../../src/train/choose.ts'
import { rowsOf } from '../../src/train/dataset.node.ts'
import { mean } from '../../src/train/metrics/statistics.ts'
import { type Gain, gainOf, type Proof } from '../../src/train/proof.ts'
import { createRandom, shuffle } from '../../src/train/random.ts'
import { at, completeRows, costsOf } from '../../src/train/rows.ts'
import { withoutGuard } from '../../src/train/unguarded.ts'
import type { Material } from '../guard/material.ts'

export interface Task {
  readonly set: string
  /** Splits are drawn anew. */
  readonly mixed: boolean
  readonly estimator: string
  /** Prompts drawn from the split `train`. */
  readonly size: number
  /** Seeds the draw, the folds and the fits. */
  readonly seed: number
}

export interface Trial extends Task {
  readonly verdict: Verdict
  readonly shrink: number
  readonly guarded: Judged
  readonly unguarded: Judged
  /** What the constant that the prompts name falls short of the best one on the test split, in utility. */
  readonly constantRegret: number
}

/** A gain over the constant that the same prompts name, in utility per request: as proved, and as it is on the test split. */
export interface Judged {
  readonly proof: Gain | null
  /** As it would be proved over the constant that the other prompts name, in place of the candidate that is best in hindsight. */
  readonly crossed: Gain | null
  readonly truth: number
}

export function runTrial({ set, queries }: Material, task: Task): Trial {
  const rows = shuffle(completeRows(set, rowsOf(set, 'train')), createRandom(task.seed)).slice(0, task.size)
  const family = findEstimator(task.estimator)
  const planner = findPlanner('utility')
  const judge = planner.load({})
  const candidates = withPriors(set.candidates)
  const { auto: lambda } = lambdaLevels(candidates, priorQuality(candidates))
  const { fitted, verdict, evidence, unguarded } = bootstrapPolicy({
    set,
    rows,
    queries: rows.map((row) => queries[row]!),
    family,
    planner,
    judge,
    encoder: null,
    random: createRandom(task.seed),
    createdAt: '',
    lambda,
  })
  const { manifest, state } = fitted
  const { proof } = evidence
  const prompts = rows.map((row) => set.queries[row]!.prompt)
  const crossed = (differences: readonly number[]) =>
    differences.length === rows.length ? gainOf(differences, prompts) : null
  const ids = manifest.candidates
  const test = completeRows(set, rowsOf(set, 'test'))
  const costs = costsOf(set)
  const worth = (row: number, column: number) =>
    at(set, set.quality, row, column) - lambda * at(set, costs, row, column)
  const alone = ids.map((_, column) => mean(test.map((row) => worth(row, column))))
  const constant = alone[ids.indexOf(proof?.against ?? ids[0]!)]!
  const truthOf = (policy: RoutePolicy) => {
    const choose = createChooser(policy, { candidates, random: createRandom(task.seed) })
    return mean(test.map((row) => worth(row, ids.indexOf(choose(queries[row]!, lambda))))) - constant
  }
  const policy: RoutePolicy = {
    estimator: family.load(state, ids),
    planner: judge,
    guard: manifest.guard,
    candidates: ids,
  }
  return {
    ...task,
    verdict,
    shrink: manifest.guard.shrink,
    guarded: { proof: briefly(proof), crossed: crossed(evidence.differences), truth: truthOf(policy) },
    unguarded: {
      proof: briefly(unguarded),
      crossed: crossed(evidence.unguarded),
      truth: truthOf(withoutGuard(policy)),
    },
    constantRegret: Math.max(...alone) - constant,
  }
}

function briefly(proof: Proof | null): Gain | null {
  return proof && { gain: proof.gain, lower: proof.lower }
}
