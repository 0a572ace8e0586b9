/** From a recorded set to a policy and its test: what `train` and `replay` share. */
import { findEstimator, findPlanner } from '../../routers/index.ts'
import { compilePolicy, type RouterPair, routerOf } from '../compose/policy.ts'
import type { PlannerOptions } from '../config/schema.ts'
import { FEATURES } from '../embed/features.ts'
import { SwitchyardError } from '../errors.ts'
import { decodePolicy, encodePolicy } from '../policy/file.ts'
import type { RoutePolicy } from '../route/decide.ts'
import { withPriors } from '../route/priors.ts'
import type { Candidate, Encoder, Estimator, EstimatorFamily, PlannerFamily, Policy, Query } from '../spec.ts'
import { withRecordedAnswers, withTexts } from '../train/answers.node.ts'
import { answeredRows, decidePlanned } from '../train/cascade/planned.ts'
import { createChooser } from '../train/choose.ts'
import type { Comparison } from '../train/compare.ts'
import { type Fitted, fitBaselines, toContender } from '../train/contenders.ts'
import { type DatasetOptions, readDataset, rowsOf } from '../train/dataset.node.ts'
import { decideOn } from '../train/decided.ts'
import { fitPolicy } from '../train/fit.ts'
import type { OutcomeSet } from '../train/outcomes.ts'
import { queriesOf } from '../train/queries.ts'
import { createRandom } from '../train/random.ts'
import type { LogSet } from '../train/retrain/log.node.ts'
import type { Choose } from '../train/router.ts'
import { completeRows, lackOf } from '../train/rows.ts'
import { EVERYTHING } from '../train/splits.node.ts'
import { compareStudy, termsOf } from '../train/study.ts'
import { readEstimator } from './eval/routers.ts'
import { progress } from './output.ts'

/** Bootstrap draws behind the intervals. */
const DRAWS = 500

export interface RouterArguments {
  readonly preset?: string
  /** `NAME`, or `NAME={"option":value}`. */
  readonly estimator?: string
  /** Instead of the preset's; beside an estimator `utility` where nothing is said. */
  readonly planner?: string
  readonly plannerOptions?: PlannerOptions
}

export interface LearnOptions extends RouterArguments, DatasetOptions {
  /** Where recorded outcomes are, or what a gateway logged. */
  readonly data: string | LogSet
  readonly seed: number
  readonly encoder: Encoder | null
  readonly cacheDir: string
  /** At which the policy is held against each candidate alone; without it the policy carries no proof. */
  readonly lambda?: number
  readonly labels?: boolean
  /** The policy refuses vectors of another precision. */
  readonly exactPrecision?: boolean
}

export interface Learned {
  readonly set: OutcomeSet
  readonly train: readonly number[]
  /** Of sets without a split `test` none. */
  readonly test: readonly number[]
  /** By row of the set; rows of other splits have none. */
  readonly queries: ReadonlyMap<number, Query>
  readonly bytes: Uint8Array
  readonly policy: Policy
  readonly compiled: RoutePolicy
  /** Knows the training queries as they were predicted without having been seen. */
  readonly heldOut: Estimator
}

/** Fits on the split `train` alone, deterministic by its seed. `columns` and `prices` are for reading the data. */
export async function learn(options: LearnOptions): Promise<Learned> {
  const { data, seed, encoder, cacheDir } = options
  const names = pairOf(options)
  const { name, options: estimatorOptions } = readEstimator(names.estimator)
  const family = findEstimator(name)
  const planner = findPlanner(names.planner)
  const set = typeof data === 'string' ? await readRecorded(data, { ...options, family, planner }) : data.set
  const lack = lackOf(set, family)
  if (lack !== null) throw new SwitchyardError('data_invalid', lack)
  const train = rowsOf(set, 'train')
  const test = set.queries.flatMap(({ split }, row) => (split === 'test' ? [row] : []))
  const embedding = progress('embedding')
  const queries = await queriesOf(set, [...train, ...test], { encoder, cacheDir, onProgress: embedding.update })
  embedding.stop()
  const fitting = progress('fitting')
  const { manifest, state, heldOut } = fitPolicy({
    set,
    rows: train,
    queries: train.map((row) => queries.get(row)!),
    family,
    options: estimatorOptions,
    planner,
    plannerOptions: { ...names.plannerOptions },
    judge: findPlanner('utility').load({}),
    encoder: encoder && { ...encoder.info, ...(options.exactPrecision && { exact: true }) },
    random: createRandom(seed),
    createdAt: new Date().toISOString(),
    ...(options.lambda !== undefined && { lambda: options.lambda }),
    ...(typeof data !== 'string' && { log: data.log, ...(data.parent !== null && { parent: data.parent }) }),
    ...(options.labels && { labels: train.map((row) => set.queries[row]?.prompt.slice(0, 80) ?? '') }),
    onProgress: fitting.update,
  })
  fitting.stop()
  const bytes = encodePolicy(manifest, state)
  const policy = await decodePolicy(bytes)
  const installation = { encoder: encoder?.info ?? null, features: FEATURES, candidates: manifest.candidates }
  return { set, train, test, queries, bytes, policy, compiled: compilePolicy(policy, installation).policy, heldOut }
}

/** Recorded outcomes, with the answers where what is fitted learns from them. */
async function readRecorded(
  location: string,
  {
    family,
    planner,
    ...options
  }: Omit<LearnOptions, 'planner'> & { readonly family: EstimatorFamily; readonly planner: PlannerFamily },
): Promise<OutcomeSet> {
  const read = await readDataset(location, options)
  const reading = progress('embedding answers')
  const told = planner.needs === 'answers' ? await withTexts(read, location, options) : read
  const set =
    family.needs === 'answers'
      ? await withRecordedAnswers(told, location, { ...options, onProgress: reading.update })
      : told
  reading.stop()
  return set
}

export function pairOf({
  preset = 'cost-aware',
  estimator,
  planner,
  plannerOptions = {},
}: RouterArguments): RouterPair {
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

/** The policy on the split `test`, beside the baselines; `null` where no query there, or none to learn from, has all outcomes. */
export function evaluateLearned(
  { set, train, test, queries, policy, compiled, heldOut }: Learned,
  seed: number,
): Comparison | null {
  const family = findPlanner(policy.manifest.planner.name)
  const judges = family.needs === 'answers'
  const complete = completeRows(set, test)
  const part = { name: 'test', train, test: judges ? answeredRows(set, complete) : complete }
  if (part.test.length === 0 || completeRows(set, train).length === 0) return null
  const terms = termsOf(set, [part])
  const name = `policy (${policy.manifest.estimator.name})`
  const given = { name, policy: compiled, heldOut, queries, seed }
  const decide = (fitted: Fitted) => decideOn(set, part, { fitted, ...terms })
  const own = judges
    ? decidePlanned(set, part, {
        ...given,
        family,
        plannerOptions: policy.manifest.planner.options,
        recorded: set,
        lambdas: terms.lambdas,
      })
    : decide(toContender(set, given))
  return compareStudy(set, {
    study: 'official',
    view: EVERYTHING,
    terms,
    parts: [part],
    runs: [...fitBaselines(set, train).map(decide), own].map((one) => [[one]]),
    draws: DRAWS,
    seed,
  })
}
