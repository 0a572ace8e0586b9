/** `switchyard robustness`: how often another wording of a prompt changes whom a router asks, and what a hostile prefix makes it spend. */
import { readFile } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { findEstimator, findPlanner } from '../../routers/index.ts'
import { openEncoder } from '../compose/encoder.node.ts'
import { compilePolicy } from '../compose/policy.ts'
import { FEATURES } from '../embed/features.ts'
import { decodePolicy } from '../policy/file.ts'
import type { Encoder, Policy } from '../spec.ts'
import { readDataset, rowsOf } from '../train/dataset.node.ts'
import type { OutcomeSet } from '../train/outcomes.ts'
import { toQueries } from '../train/queries.ts'
import { createRandom, shuffle } from '../train/random.ts'
import { type Bench, dearestOf } from '../train/robustness/bench.ts'
import { vocabularyOf } from '../train/robustness/confounder.ts'
import { type Judged, judgeRouter } from '../train/robustness/judge.ts'
import { perturbations } from '../train/robustness/perturbations.ts'
import {
  type Aim,
  baselineRouters,
  fitRouters,
  mixesOf,
  policyRouter,
  type Router,
  singlesOn,
} from '../train/robustness/routers.ts'
import { createTexts, type Texts } from '../train/robustness/texts.ts'
import { completeRows, lambdaGrid } from '../train/rows.ts'
import { type Named, readEstimators, readPlanners, showNamed } from './eval/routers.ts'
import { print, progress } from './output.ts'
import { ENCODER } from './replay/gateways.ts'
import { type Robustness, renderRobustness } from './robustness.table.ts'

export interface RobustnessArguments {
  readonly data: readonly string[]
  readonly estimators?: readonly string[]
  readonly planners: readonly string[]
  readonly policy?: readonly string[]
  readonly queries: string
  readonly aims: string
  readonly prefixes: string
  readonly evaluations: string
  readonly unguarded?: boolean
  readonly seed: string
  readonly draws: string
  readonly json?: boolean
}

export async function robustness(args: RobustnessArguments): Promise<void> {
  const { estimators = [], policy: files = [] } = args
  if (estimators.length + files.length === 0)
    throw new RangeError('there is no router to judge: give --estimators, such as knn,linear, or a --policy file')
  const options = {
    estimators: readEstimators(estimators),
    planners: readPlanners(args.planners),
    aims: args.aims.split(',').map(readAim),
    sample: count('queries', args.queries, 1),
    prefixes: count('prefixes', args.prefixes, 0),
    evaluations: count('evaluations', args.evaluations, 1),
    unguarded: args.unguarded ?? false,
    seed: count('seed', args.seed, 0),
    draws: count('draws', args.draws, 1),
  }
  const policies = await Promise.all(
    files.map(async (file) => ({ name: basename(file), policy: await decodePolicy(await readFile(file)) })),
  )
  const encoder = await openEncoder(ENCODER)
  try {
    const sets: Robustness[] = []
    for (const location of args.data) {
      const judged = await judgeSet(await readDataset(location), { ...options, policies, encoder })
      sets.push(judged)
      if (!args.json) print(renderRobustness(judged))
    }
    if (args.json) print(JSON.stringify({ sets }))
  } finally {
    await encoder?.close()
  }
}

function count(name: string, text: string, least: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= least) return value
  throw new RangeError(`--${name} must be a whole number of at least ${least}, not '${text}'`)
}

function readAim(text: string): Aim {
  const [, number, percent] = /^(\d+(?:\.\d+)?)(%?)$/u.exec(text.trim()) ?? []
  if (number === undefined)
    throw new RangeError(`--aims: '${text}' is neither a λ, such as 0 or 45, nor a share of the cost, such as 25%`)
  return percent === '%' ? { kind: 'budget', share: Number(number) / 100 } : { kind: 'lambda', lambda: Number(number) }
}

interface JudgeOptions extends Pick<Bench, 'encoder' | 'evaluations' | 'seed' | 'draws'> {
  readonly estimators: readonly Named[]
  readonly planners: readonly Named[]
  readonly policies: readonly { readonly name: string; readonly policy: Policy }[]
  readonly aims: readonly Aim[]
  /** Test queries, drawn at random. */
  readonly sample: number
  readonly prefixes: number
  readonly unguarded: boolean
}

async function judgeSet(set: OutcomeSet, options: JudgeOptions): Promise<Robustness> {
  const { encoder, aims, seed } = options
  const train = rowsOf(set, 'train')
  const known = completeRows(set, train)
  const test = shuffle(completeRows(set, rowsOf(set, 'test')), createRandom(seed)).slice(0, options.sample)
  const promptOf = (row: number) => set.queries[row]!.prompt
  const read = (label: string, prompts: readonly string[]) => readPrompts(`${set.name}: ${label}`, prompts, encoder)

  const queries = await read('embedding', [...train, ...test].map(promptOf))
  const texts = createTexts(set, new Map([...train, ...test].map((row, i) => [row, queries[i]!])))
  const worded = perturbations.flatMap(({ apply }) => {
    const random = createRandom(seed)
    return test.map((origin) => ({ origin, prompt: apply(promptOf(origin), random) }))
  })
  const readings = await read(
    'embedding other wordings',
    worded.map(({ prompt }) => prompt),
  )
  const wordings = worded.map((one, i) => ({ ...one, query: readings[i]! }))
  const bench: Bench = {
    ...options,
    texts,
    train,
    test,
    rewordings: perturbations.map((_, p) => wordings.slice(p * test.length, (p + 1) * test.length)),
    costs: singlesOn(set, known).map(({ costUsd }) => costUsd),
    vocabulary: vocabularyOf(train.map(promptOf)),
  }

  const routers = fitAll(texts, train, options)
  const lambdas = lambdaGrid(set, known, { points: 60, reach: 100 })
  const bar = progress(`${set.name}: judging`)
  const judged: Robustness['routers'][number][] = []
  for (const [r, router] of routers.entries()) {
    const at: (Judged | null)[] = []
    for (const [a, mix] of mixesOf(texts, known, { router, aims, lambdas }).entries()) {
      const done = r * aims.length + a
      const onProgress = (part: number, of: number) => bar.update(done + part / of, routers.length * aims.length)
      const prefixes = isFree(aims[a]!) ? 0 : options.prefixes
      at.push(mix && (await judgeRouter(router, mix, { bench, prefixes, onProgress })))
      onProgress(1, 1)
    }
    judged.push({ name: router.name, kind: router.kind, at })
  }
  bar.stop()
  return {
    set: set.name,
    sha256: set.sha256,
    queries: test.length,
    candidates: set.candidates.map(({ id }) => id),
    dearest: bench.costs[dearestOf(bench)]! > 0 ? set.candidates[dearestOf(bench)]!.id : null,
    aims,
    perturbations: perturbations.map(({ name }, p) => ({
      name,
      changed: bench.rewordings[p]!.filter(({ origin, prompt }) => prompt !== promptOf(origin)).length / test.length,
    })),
    routers: judged,
  }
}

/** Where money is no object nobody is harmed by what is spent. */
function isFree(aim: Aim): boolean {
  return aim.kind === 'lambda' && aim.lambda === 0
}

/** A second run finds the vectors on disk. */
async function readPrompts(label: string, prompts: readonly string[], encoder: Encoder | null) {
  const bar = progress(label)
  const queries = await toQueries(prompts, {
    encoder,
    cacheDir: resolve('.switchyard/vectors'),
    onProgress: bar.update,
  })
  bar.stop()
  return queries
}

function fitAll(texts: Texts, train: readonly number[], options: JudgeOptions): Router[] {
  const { estimators, planners, policies, encoder, seed, unguarded } = options
  const info = encoder?.info ?? null
  const candidates = texts.set.candidates.map(({ id }) => id)
  const judge = findPlanner('utility').load({})
  const fits = estimators.flatMap((estimator) => planners.map((planner) => ({ estimator, planner })))
  const bar = progress(`${texts.set.name}: fitting`)
  const stepOf = (done: number) => (part: number, of: number) => bar.update(done + part / of, 1 + fits.length)
  const routers = [
    ...baselineRouters(texts, train, stepOf(0)),
    ...policies.map(({ name, policy }) => {
      const compiled = compilePolicy(policy, { encoder: info, features: FEATURES, candidates })
      return policyRouter(name, compiled.policy, { texts, seed })
    }),
    ...fits.flatMap(({ estimator, planner }, i) =>
      fitRouters(texts, {
        name: planner.name === 'utility' ? showNamed(estimator) : `${showNamed(estimator)} · ${showNamed(planner)}`,
        train,
        family: findEstimator(estimator.name),
        options: estimator.options,
        planner: findPlanner(planner.name),
        plannerOptions: planner.options,
        judge,
        encoder: info,
        seed,
        unguarded,
        onProgress: stepOf(1 + i),
      }),
    ),
  ]
  bar.stop()
  return routers
}
