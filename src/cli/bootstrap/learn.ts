/** From graded prompts to the policy that is advised, and what speaks for it. */
import { findEstimator, findPlanner } from '../../../routers/index.ts'
import { levelsOf } from '../../compose/world.ts'
import type { RouteSettings } from '../../config/config.ts'
import { SwitchyardError } from '../../errors.ts'
import { decodePolicy, encodePolicy } from '../../policy/file.ts'
import type { Encoder, EstimatorFamily, JsonObject } from '../../spec.ts'
import { bootstrapPolicy, decideWith } from '../../train/bootstrap/learn.ts'
import { levelOf } from '../../train/bootstrap/levels.ts'
import { fitPolicy } from '../../train/fit.ts'
import type { OutcomeSet } from '../../train/outcomes.ts'
import { queriesOf } from '../../train/queries.ts'
import { createRandom } from '../../train/random.ts'
import { completeRows, toMatrix } from '../../train/rows.ts'
import { readEstimator } from '../eval/routers.ts'
import { pairOf } from '../learn.ts'
import { progress } from '../output.ts'

/** Bootstrap draws behind the intervals. */
const DRAWS = 1000

export interface LearnFromOptions {
  readonly route: RouteSettings
  /** Instead of the route's own. */
  readonly estimator: string | undefined
  readonly encoder: Encoder | null
  readonly cacheDir: string
  readonly seed: number
}

/** The learned policy where it is proved, else the best constant as a policy. Throws `data_invalid` where nothing can be compared. */
export async function learnFrom(set: OutcomeSet, { route, estimator, encoder, cacheDir, seed }: LearnFromOptions) {
  const rows = set.queries.map((_, row) => row)
  const complete = completeRows(set, rows)
  if (complete.length === 0)
    throw new SwitchyardError('data_invalid', 'No prompt has a grade for every candidate: nothing can be compared.')
  const byRow = await queriesOf(set, rows, { encoder, cacheDir })
  const pair = pairOf({ ...route.router, ...(estimator !== undefined && { estimator }) })
  const named = readEstimator(pair.estimator)
  const lambdas = levelsOf(route, set.candidates)
  const bar = progress('fitting')
  const fitting = (family: EstimatorFamily, options: JsonObject) => ({
    set,
    rows,
    queries: rows.map((row) => byRow.get(row)!),
    family,
    options,
    planner: findPlanner(pair.planner),
    plannerOptions: { ...pair.plannerOptions },
    judge: findPlanner('utility').load({}),
    encoder: encoder?.info ?? null,
    random: createRandom(seed),
    createdAt: new Date().toISOString(),
    lambda: lambdas.auto,
    onProgress: bar.update,
  })
  const asked = fitting(findEstimator(named.name), named.options)
  const { fitted, verdict, evidence } = bootstrapPolicy(asked)
  const advised = verdict.kind === 'promote' ? fitted : fitPolicy(fitting(findEstimator('constant'), {}))
  bar.stop()
  const outcomes = toMatrix(set, complete)
  const levelAt = (name: keyof typeof lambdas) => {
    const lambda = lambdas[name]
    const decided = decideWith(fitted.cross, asked, lambda)
    return levelOf(outcomes, { name, lambda, decided }, { random: createRandom(seed), draws: DRAWS })
  }
  const [best, judged, cheap] = [levelAt('best'), levelAt('auto'), levelAt('cheap')]
  const bytes = encodePolicy(advised.manifest, advised.state)
  const { id: policy } = await decodePolicy(bytes)
  return {
    verdict,
    proof: evidence.proof,
    levels: [best, judged, cheap],
    judged,
    complete: complete.length,
    bytes,
    policy,
  }
}
