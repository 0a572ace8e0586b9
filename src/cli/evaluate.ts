/** `switchyard evaluate`: what policies are worth by what a gateway logged. (`eval` judges routers on recorded outcomes of every candidate.) */
import { resolve } from 'node:path'
import { findEstimator } from '../../routers/index.ts'
import { openEncoder } from '../compose/encoder.node.ts'
import { compilePolicy, constantPolicy } from '../compose/policy.ts'
import { candidatesOf } from '../compose/world.ts'
import type { Config, RouteSettings } from '../config/config.ts'
import { FEATURES } from '../embed/features.ts'
import { SwitchyardError } from '../errors.ts'
import type { EncoderInfo, Policy } from '../spec.ts'
import { readLogged } from '../train/logged.node.ts'
import { compare, openLog, standingOf } from '../train/ope/onLog.ts'
import { createTarget, type Target } from '../train/ope/target.ts'
import { type ConfigArguments, findRoute, requireConfig } from './config.ts'
import { describeLeftOut, type Evaluation, renderEvaluation } from './evaluate.table.ts'
import { logFile } from './log.ts'
import { print } from './output.ts'
import { readPolicyFile } from './policyFile.ts'

interface EvaluateArguments extends ConfigArguments {
  readonly log?: string
  readonly policy: readonly string[]
  readonly route?: string
  readonly json?: boolean
}

/** Joint confidence of what is compared. */
const CONFIDENCE = 0.95
/** What the route would do without anything learned. */
const CONSTANT = { estimator: 'constant', planner: 'utility', plannerOptions: {} } as const

export async function evaluate({ policy: names, json, ...args }: EvaluateArguments): Promise<void> {
  const { config } = await requireConfig(args)
  const route = findRoute(config, args.route)
  const log = args.log === undefined ? logFile({ data: resolve(config.data) }) : args.log
  // One policy alone is held against what happened.
  const named = names.length === 1 && names[0] !== LOGGED ? [LOGGED, ...names] : [...names]
  const policies = await Promise.all(named.map((name) => findPolicy(name, args)))
  const needsVectors = policies.some((one) => typeof one === 'object' && one.manifest.encoder.dim > 0)
  const encoder = needsVectors ? await openEncoder(config.encoder) : null
  try {
    const evaluation = evaluateOn(log, { config, route, encoder: encoder?.info ?? null, policies, names: named })
    print(json ? JSON.stringify(evaluation, null, 2) : renderEvaluation(evaluation))
  } finally {
    await encoder?.close()
  }
}

const LOGGED = 'logged'

type Named = Policy | 'constant' | 'logged'

/** `constant`, `logged`, an id of a stored policy or the beginning of one, or a file. */
async function findPolicy(name: string, args: ConfigArguments): Promise<Named> {
  return name === 'constant' || name === LOGGED ? name : (await readPolicyFile(name, args)).policy
}

interface EvaluateOptions {
  readonly config: Config
  readonly route: RouteSettings
  readonly encoder: EncoderInfo | null
  readonly policies: readonly Named[]
  /** Of the policies. */
  readonly names: readonly string[]
}

function evaluateOn(path: string, { config, route, encoder, policies, names }: EvaluateOptions): Evaluation {
  const read = readLogged(path, {
    definition: config.learning.reward,
    encoder,
    route: route.name,
    now: Date.now(),
  })
  // A policy is flattered by what it learned from.
  const last = policies.reduce(
    (most, one) => Math.max(most, typeof one === 'object' ? (one.manifest.trainedOn.log?.last ?? 0) : 0),
    0,
  )
  const unseen = read.rows.filter(({ seq }) => seq > last)
  const log = openLog(unseen, { family: findEstimator('linear'), confidence: CONFIDENCE })
  const leftOut = {
    ...read.leftOut,
    learned: read.rows.length - unseen.length,
    unpriced: unseen.length - log.requests.length,
  }
  if (log.requests.length === 0)
    throw new SwitchyardError(
      'data_invalid',
      `${path}: no decision of route ${route.name} can be judged. ${describeLeftOut(leftOut)} Scores come by POST /v1/feedback, a judge or signals; what a policy learned from does not count.`,
    )
  const installation = { encoder, features: FEATURES, candidates: route.candidates }
  const exploration = { allowed: true, maxLoss: route.exploration.maxLoss }
  const candidates = candidatesOf(route, config.candidates)
  const judged = policies.map((policy, i) => {
    const { target, notes } = compile(policy, installation)
    const samples = log.judge(createTarget(target, { candidates, exploration }))
    return { name: names[i]!, notes, samples }
  })
  const [first, ...others] = judged
  // Of several that are held against one the best is taken: each may miss less (Bonferroni).
  const jointly = { ...log, confidence: 1 - (1 - CONFIDENCE) / Math.max(1, others.length) }
  return {
    log: path,
    route: route.name,
    requests: log.requests.length,
    leftOut,
    policies: judged.map(({ name, notes, samples }) => ({ name, notes, ...standingOf(log, samples) })),
    comparisons: others.map(({ name, samples }) => ({
      name,
      over: first!.name,
      ...compare(jointly, samples, first!.samples),
    })),
  }
}

function compile(
  policy: Named,
  installation: Parameters<typeof compilePolicy>[1],
): { readonly target: Target; readonly notes: readonly string[] } {
  if (policy === LOGGED) return { target: policy, notes: [] }
  if (policy === 'constant') return { target: constantPolicy(CONSTANT), notes: [] }
  const { policy: target, notes } = compilePolicy(policy, installation)
  return { target, notes }
}
