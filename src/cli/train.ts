/** `switchyard train`. */
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { openEncoder } from '../compose/encoder.node.ts'
import { createPolicyFolder } from '../policy/folder.node.ts'
import { type ConfigArguments, findRoute, requireConfig } from './config.ts'
import { evaluateLearned, learn, type RouterArguments } from './learn.ts'
import { print } from './output.ts'
import { readPlanner } from './planner.ts'
import { renderEvaluation, renderPlan } from './report.ts'

interface TrainArguments extends ConfigArguments, Omit<RouterArguments, 'plannerOptions'> {
  readonly data: string
  readonly route?: string
  /** JSON. */
  readonly plannerOptions?: string
  readonly seed: string
  readonly out?: string
  readonly labels?: boolean
  readonly json?: boolean
}

export async function train(args: TrainArguments): Promise<void> {
  const { data, route, out, json, labels = false, planner: name, plannerOptions, ...rest } = args
  const { config } = await requireConfig(args)
  const { router: configured } = findRoute(config, route)
  const named = args.preset !== undefined || args.estimator !== undefined
  const router = { ...(named ? rest : configured), ...readPlanner(name, plannerOptions) }
  const folder = resolve(config.data)
  const encoder = await openEncoder(config.encoder)
  try {
    const seed = Number(args.seed)
    const learned = await learn({ ...router, data, seed, encoder, labels, cacheDir: join(folder, 'vectors') })
    const { policy, bytes } = learned
    const evaluation = evaluateLearned(learned, seed)
    if (out === undefined) await createPolicyFolder(join(folder, 'policies')).write(bytes)
    else await writeFile(out, bytes)
    const { estimator, guard, planner, trainedOn } = policy.manifest
    if (json) {
      print(JSON.stringify({ policy: policy.id, estimator: estimator.name, planner, guard, trainedOn, evaluation }))
      return
    }
    print(renderEvaluation(evaluation))
    if (planner.name !== 'utility') print(renderPlan(planner.name, evaluation))
    print(
      `Policy ${policy.id} (${estimator.name}, ${trainedOn.rows} rows, guard lets ${guard.shrink * 100} % of the learned differences through), ${bytes.length} bytes.`,
    )
    print(out === undefined ? `Serve it with: switchyard policies use ${policy.id.slice(0, 12)}` : `Written to ${out}.`)
  } finally {
    await encoder?.close()
  }
}
