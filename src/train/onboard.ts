/**
 * A candidate that comes later joins a trained policy by its outcomes on some hundred graded prompts, without a new fit (UniRoute, arXiv 2502.08773),
 * where the estimator can. What the policy says of the other candidates, and the guard's factor, stay as they are: how well differences
 * from the newcomer are predicted was not cross-validated.
 */
import { SwitchyardError } from '../errors.ts'
import type {
  EstimatorFamily,
  EstimatorState,
  PlannerFamily,
  Policy,
  PolicyManifest,
  Query,
  TrainingSet,
} from '../spec.ts'
import { mean } from './metrics/statistics.ts'
import type { OutcomeSet } from './outcomes.ts'
import { createRandom, shuffle } from './random.ts'
import { at } from './rows.ts'

/** Draws which graded rows count where not all of them do. */
const SEED = 1

/**
 * Rows of `rows` on which the quality of `candidate` is known: all of them or, given a `limit`, so many drawn at random, the same each time.
 * Throws `data_invalid` when there are none.
 */
export function gradedRows(set: OutcomeSet, candidate: string, rows: readonly number[], limit?: number): number[] {
  const column = columnOf(set, candidate)
  const graded = rows.filter((row) => !Number.isNaN(at(set, set.quality, row, column)))
  if (graded.length === 0)
    throw new SwitchyardError('data_invalid', `${set.name} has no graded answer of ${candidate} in its split train.`)
  return limit === undefined ? graded : shuffle(graded, createRandom(SEED)).slice(0, limit)
}

export interface OnboardOptions {
  readonly policy: Policy
  /** Those of the policy. */
  readonly estimator: EstimatorFamily
  readonly planner: PlannerFamily
  readonly set: OutcomeSet
  readonly candidate: string
  /** See `gradedRows`; `queries[i]` belongs to `rows[i]`. */
  readonly rows: readonly number[]
  readonly queries: readonly Query[]
  /** ISO 8601. */
  readonly createdAt: string
}

/**
 * A policy ready for `encodePolicy` that also knows `candidate`. Throws `policy_unfit` where the estimator cannot, or where the planner was fitted to the
 * candidates that there were, and a `RangeError` where the policy knows the candidate already.
 */
export function onboard(options: OnboardOptions): { manifest: PolicyManifest; state: EstimatorState } {
  const { policy, estimator, planner, set, candidate, rows, queries, createdAt } = options
  const { manifest } = policy
  if (!estimator.onboard) throw unfit(policy, `the estimator ${estimator.name} takes no candidate without a new fit`)
  if (planner.fit) throw unfit(policy, `its planner ${planner.name} was fitted to the candidates that there were`)
  const column = columnOf(set, candidate)
  const outcomesOf = (matrix: Float64Array) => Float64Array.from(rows, (row) => at(set, matrix, row, column))
  const data: TrainingSet = {
    queries,
    candidates: [set.candidates[column]!],
    quality: outcomesOf(set.quality),
    outputTokens: outcomesOf(set.outputTokens),
  }
  const lengths = data.outputTokens.filter((tokens) => !Number.isNaN(tokens))
  const { guard } = manifest
  return {
    state: estimator.onboard(policy.state, manifest.candidates, data),
    manifest: {
      ...manifest,
      candidates: [...manifest.candidates, candidate],
      guard: {
        ...guard,
        quality: [...guard.quality, mean(data.quality)],
        // As in training: of whom no length is known, the others' mean.
        outputTokens: [...guard.outputTokens, mean(lengths.length > 0 ? lengths : guard.outputTokens)],
      },
      onboarded: [
        ...(manifest.onboarded ?? []),
        { candidate, source: set.name, rows: rows.length, sha256: set.sha256, createdAt },
      ],
      parent: policy.id,
    },
  }
}

function unfit(policy: Policy, why: string): SwitchyardError {
  const id = policy.id.slice(0, 12)
  return new SwitchyardError(
    'policy_unfit',
    `Policy ${id} cannot be given a candidate: ${why}. Train again on outcomes of all candidates.`,
  )
}

/** Throws `data_invalid` for a candidate without outcomes. */
function columnOf(set: OutcomeSet, candidate: string): number {
  const column = set.candidates.findIndex(({ id }) => id === candidate)
  if (column >= 0) return column
  const known = set.candidates.map(({ id }) => id).join(', ')
  throw new SwitchyardError('data_invalid', `${set.name} has no outcomes of ${candidate}; it has those of ${known}.`)
}
