/** `switchyard train`. */
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { openEncoder } from '../compose/encoder.node.ts'
import { candidatesOf, levelsOf } from '../compose/world.ts'
import type { Config } from '../config/config.ts'
import { SwitchyardError } from '../errors.ts'
import { createPolicyFolder } from '../policy/folder.node.ts'
import type { Encoder } from '../spec.ts'
import type { Prices } from '../train/formats/columns.ts'
import { readProof } from '../train/proof.ts'
import { type LogSet, NOT_LEARNED, readLogSet } from '../train/retrain/log.node.ts'
import { readColumns } from './columns.ts'
import { type ConfigArguments, findRoute, requireConfig } from './config.ts'
import { renderComparison, renderShares } from './eval/table.ts'
import { describeProof } from './evidence.ts'
import { evaluateLearned, learn, type RouterArguments } from './learn.ts'
import { print } from './output.ts'
import { readPlanner } from './planner.ts'
import { pricesOf } from './prices.ts'

interface TrainArguments extends ConfigArguments, Omit<RouterArguments, 'plannerOptions'> {
  readonly data?: string
  /** The log of a gateway. */
  readonly from?: string
  /** JSON, or a file of it. */
  readonly columns?: string
  readonly route?: string
  /** JSON. */
  readonly plannerOptions?: string
  readonly seed: string
  readonly out?: string
  readonly labels?: boolean
  readonly exactPrecision?: boolean
  readonly json?: boolean
}

export async function train(args: TrainArguments): Promise<void> {
  const {
    data,
    from,
    columns,
    route,
    out,
    json,
    labels = false,
    exactPrecision = false,
    planner: name,
    plannerOptions,
    ...rest
  } = args
  const { config } = await requireConfig(args)
  const served = findRoute(config, route)
  const named = args.preset !== undefined || args.estimator !== undefined
  const router = { ...(named ? rest : served.router), ...readPlanner(name, plannerOptions) }
  const folder = resolve(config.data)
  const encoder = await openEncoder(config.encoder)
  try {
    const seed = Number(args.seed)
    const prices = pricesOf(config.candidates)
    const log = from === undefined ? null : readFrom(from, { config, route: served.name, encoder, prices })
    const learned = await learn({
      ...router,
      ...(await readColumns(columns)),
      prices,
      data: log ?? requireData(data),
      seed,
      encoder,
      labels,
      exactPrecision,
      cacheDir: join(folder, 'vectors'),
      lambda: levelsOf(served, candidatesOf(served, config.candidates)).auto,
    })
    const { policy, bytes } = learned
    const evaluation = evaluateLearned(learned, seed)
    if (out === undefined) await createPolicyFolder(join(folder, 'policies')).write(bytes)
    else await writeFile(out, bytes)
    const { estimator, guard, planner, trainedOn } = policy.manifest
    if (json) {
      print(JSON.stringify({ policy: policy.id, estimator: estimator.name, planner, guard, trainedOn, evaluation }))
      return
    }
    if (log !== null) print(describeLog(log))
    else if (evaluation === null)
      print(`Not judged: ${learned.set.name} has no test queries with the outcome of every candidate.`)
    else {
      print(renderComparison(evaluation))
      if (planner.name !== 'utility') print(renderShares(planner.name, evaluation))
    }
    print(
      `Policy ${policy.id} (${estimator.name}, ${trainedOn.rows} rows, guard lets ${Number((guard.shrink * 100).toFixed(1))} % of the learned differences through), ${bytes.length} bytes.`,
    )
    const proof = readProof(policy.manifest.metrics)
    if (proof !== null) print(describeProof(proof))
    print(out === undefined ? `Serve it with: switchyard promote ${policy.id.slice(0, 12)}` : `Written to ${out}.`)
    if ('needed' in guard.evidence)
      print(
        log !== null
          ? `Fewer than ${guard.evidence.needed} decisions: the policy serves the best constant of these outcomes.`
          : `Of the queries to learn from ${guard.evidence.rows} have the outcome of every candidate. With fewer than ${guard.evidence.needed} nothing shows that the learned differences help: the policy serves the best constant of these outcomes.`,
      )
  } finally {
    await encoder?.close()
  }
}

function requireData(data: string | undefined): string {
  if (data !== undefined) return data
  throw new SwitchyardError(
    'data_invalid',
    'train needs --data with recorded outcomes, or --from with the log of a gateway, such as --from .switchyard/switchyard.sqlite.',
  )
}

function readFrom(
  path: string,
  {
    config,
    route,
    encoder,
    prices,
  }: {
    readonly config: Config
    readonly route: string
    readonly encoder: Encoder | null
    readonly prices: Prices
  },
): LogSet {
  const { reward } = config.learning
  const { keyShare } = reward
  return readLogSet(path, {
    definition: reward,
    keyShare,
    encoder: encoder?.info ?? null,
    route,
    prices,
    now: Date.now(),
  })
}

/** What was learned from, and what was not. */
function describeLog({ set, log: { first, last, leftOut } }: LogSet): string {
  const reasons = Object.entries(NOT_LEARNED).flatMap(([reason, words]) =>
    leftOut[reason] ? [`  ${leftOut[reason]}: ${words}`] : [],
  )
  const rows = `Learned from ${set.queries.length} decisions of ${set.name}, numbers ${first} to ${last}.`
  return [rows, ...(reasons.length > 0 ? ['Left out:', ...reasons] : [])].join('\n')
}
