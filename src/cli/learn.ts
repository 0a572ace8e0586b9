/** From a recorded set to a policy and its test: what `train` and `replay` share. */
import { findEstimator, findPlanner } from '../../routers/index.ts'
import { compilePolicy, type RouterPair, routerOf } from '../compose/policy.ts'
import type { PlannerOptions } from '../config/schema.ts'
import { FEATURES } from '../embed/features.ts'
import { decodePolicy, encodePolicy } from '../policy/file.ts'
import type { RoutePolicy } from '../route/decide.ts'
import { withPriors } from '../route/priors.ts'
import type { Candidate, Encoder, Policy, Query } from '../spec.ts'
import { baselines, type Choose } from '../train/baselines.ts'
import { createChooser } from '../train/choose.ts'
import { type OutcomeSet, readDataset, rowsOf } from '../train/dataset.node.ts'
import { type Evaluation, evaluate } from '../train/evaluate.ts'
import { fitPolicy } from '../train/fit.ts'
import { toQueries } from '../train/queries.ts'
import { createRandom } from '../train/random.ts'
import { progress } from './output.ts'

export interface RouterArguments {
  readonly preset?: string
  readonly estimator?: string
  /** Instead of the preset's; beside an estimator `utility` where nothing is said. */
  readonly planner?: string
  readonly plannerOptions?: PlannerOptions
}

export interface LearnOptions extends RouterArguments {
  readonly data: string
  readonly seed: number
  readonly encoder: Encoder | null
  readonly cacheDir: string
  readonly labels?: boolean
}

export interface Learned {
  readonly set: OutcomeSet
  readonly train: readonly number[]
  readonly test: readonly number[]
  /** By row of the set; rows of other splits have none. */
  readonly queries: ReadonlyMap<number, Query>
  readonly bytes: Uint8Array
  readonly policy: Policy
  readonly compiled: RoutePolicy
}

/** Fits on the split `train` alone, deterministic by its seed. */
export async function learn(options: LearnOptions): Promise<Learned> {
  const { data, seed, encoder, cacheDir } = options
  const set = await readDataset(data)
  const [train, test] = [rowsOf(set, 'train'), rowsOf(set, 'test')]
  const rows = [...train, ...test]
  const embedding = progress('embedding')
  const prompts = rows.map((row) => set.queries[row]?.prompt ?? '')
  const list = await toQueries(prompts, { encoder, cacheDir, onProgress: embedding.update })
  embedding.stop()
  const queries = new Map(rows.map((row, i) => [row, list[i]!]))
  const names = pairOf(options)
  const family = findEstimator(names.estimator)
  const fitting = progress('fitting')
  const { manifest, state } = fitPolicy({
    set,
    rows: train,
    queries: list.slice(0, train.length),
    family,
    planner: findPlanner(names.planner),
    plannerOptions: { ...names.plannerOptions },
    judge: findPlanner('utility').load({}),
    encoder: encoder?.info ?? null,
    random: createRandom(seed),
    createdAt: new Date().toISOString(),
    ...(options.labels && { labels: train.map((row) => set.queries[row]?.prompt.slice(0, 80) ?? '') }),
    onProgress: fitting.update,
  })
  fitting.stop()
  const bytes = encodePolicy(manifest, state)
  const policy = await decodePolicy(bytes)
  const installation = { encoder: encoder?.info ?? null, features: FEATURES, candidates: manifest.candidates }
  return { set, train, test, queries, bytes, policy, compiled: compilePolicy(policy, installation).policy }
}

function pairOf({ preset = 'cost-aware', estimator, planner, plannerOptions = {} }: RouterArguments): RouterPair {
  const pair = estimator === undefined ? routerOf({ preset }) : { estimator, planner: 'utility', plannerOptions: {} }
  return planner === undefined ? pair : { ...pair, planner, plannerOptions }
}

/** The candidate that the gateway's own code chooses for a row at λ. */
export function chooser(
  { set, queries, compiled }: Learned,
  candidates: readonly Candidate[] = set.candidates,
): Choose {
  const choose = createChooser(compiled, { candidates: withPriors(candidates), random: createRandom(1) })
  const columnOf = new Map(set.candidates.map(({ id }, column) => [id, column]))
  return (row, lambda) => {
    const query = queries.get(row)
    if (!query) throw new RangeError(`Row ${row} of ${set.name} has no query.`)
    return columnOf.get(choose(query, lambda))!
  }
}

/** The policy on the split `test`, beside the baselines. */
export function evaluateLearned(learned: Learned, seed: number): Evaluation {
  const { set, train, test, policy } = learned
  const routers = [
    { name: `policy (${policy.manifest.estimator.name})`, choose: chooser(learned) },
    ...baselines(set, train),
  ]
  return evaluate(set, { train, test, routers, random: createRandom(seed) })
}
