/** `switchyard onboard`: one more candidate for a policy that is there. */
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { findEstimator, findPlanner } from '../../routers/index.ts'
import { openEncoder } from '../compose/encoder.node.ts'
import { compilePolicy } from '../compose/policy.ts'
import { FEATURES } from '../embed/features.ts'
import { SwitchyardError } from '../errors.ts'
import { decodePolicy, encodePolicy } from '../policy/file.ts'
import { createPolicyFolder } from '../policy/folder.node.ts'
import { readDataset, rowsOf } from '../train/dataset.node.ts'
import { gradedRows, onboard } from '../train/onboard.ts'
import { queriesOf } from '../train/queries.ts'
import { readColumns } from './columns.ts'
import { type ConfigArguments, requireConfig } from './config.ts'
import { print, progress } from './output.ts'
import { readPolicyFile } from './policyFile.ts'

interface OnboardArguments extends ConfigArguments {
  /** An id of a stored policy, or its beginning, or the path of a file. */
  readonly policy: string
  readonly data: string
  /** JSON, or a file of it. */
  readonly columns?: string
  readonly model: string
  readonly rows?: string
  readonly out?: string
}

export async function onboardCandidate(args: OnboardArguments): Promise<void> {
  const { policy: named, data, model, out } = args
  const limit = args.rows === undefined ? undefined : readRows(args.rows)
  const { config } = await requireConfig(args)
  const folder = resolve(config.data)
  const policies = createPolicyFolder(join(folder, 'policies'))
  const { policy } = await readPolicyFile(named, args)
  const { manifest } = policy
  const [estimator, planner] = [findEstimator(manifest.estimator.name), findPlanner(manifest.planner.name)]
  const set = await readDataset(data, await readColumns(args.columns))
  const rows = gradedRows(set, model, rowsOf(set, 'train'), limit)
  // A policy without vectors needs no encoder, whichever is configured.
  const encoder = manifest.encoder.dim === 0 ? null : await openEncoder(config.encoder)
  try {
    compilePolicy(policy, { encoder: encoder?.info ?? null, features: FEATURES, candidates: manifest.candidates })
    const embedding = progress('embedding')
    const cacheDir = join(folder, 'vectors')
    const byRow = await queriesOf(set, rows, { encoder, cacheDir, onProgress: embedding.update })
    embedding.stop()
    const queries = rows.map((row) => byRow.get(row)!)
    const createdAt = new Date().toISOString()
    const grown = onboard({ policy, estimator, planner, set, candidate: model, rows, queries, createdAt })
    const bytes = encodePolicy(grown.manifest, grown.state)
    const { id } = await decodePolicy(bytes)
    if (out === undefined) await policies.write(bytes)
    else await writeFile(out, bytes)
    const quality = grown.manifest.guard.quality.at(-1)!
    print(`Policy ${id} knows ${model} too, from ${rows.length} graded prompts of mean quality ${quality.toFixed(4)}.`)
    print(out === undefined ? `Serve it with: switchyard promote ${id.slice(0, 12)}` : `Written to ${out}.`)
  } finally {
    await encoder?.close()
  }
}

function readRows(text: string): number {
  const rows = Number(text)
  if (Number.isSafeInteger(rows) && rows > 0) return rows
  throw new SwitchyardError('invalid_request', `--rows must be a whole number of 1 or more, not ${text}.`)
}
