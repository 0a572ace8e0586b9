/**
 * `switchyard replay`: the whole gateway on real recorded outcomes. Trains on the train split, starts an upstream that
 * serves the records and a gateway as processes of their own, gives it the policy, sends every test prompt through the
 * official SDKs, reads the log, and compares with the offline evaluation of the same policy. Any difference is a failure,
 * except that a Worker's vectors may tip a near tie, which is shown.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { findPlanner } from '../../../routers/index.ts'
import { openEncoder } from '../../compose/encoder.node.ts'
import { parseGiven } from '../../config/given.ts'
import { FEATURES } from '../../embed/features.ts'
import { lambdaLevels } from '../../route/lambda.ts'
import { priorQuality, withPriors } from '../../route/priors.ts'
import type { Candidate } from '../../spec.ts'
import { dataInvalid } from '../../train/formats/table.ts'
import { readColumns } from '../columns.ts'
import { renderComparison } from '../eval/table.ts'
import { evaluateLearned, type Learned, learn, type RouterArguments } from '../learn.ts'
import { EXIT, print, progress } from '../output.ts'
import { readPlanner } from '../planner.ts'
import { startProcess } from '../process.ts'
import { promote, type ReplayLog, readLog } from './admin.ts'
import { type Asked, askAll } from './clients.ts'
import { type Compared, compare } from './compare.ts'
import { configFor, ENCODER, NODE, type Runtime, WORKER } from './gateways.ts'
import type { Serving } from './online.ts'
import { renderLambdas } from './table.ts'

interface ReplayArguments extends Omit<RouterArguments, 'planner' | 'plannerOptions'> {
  readonly data: string
  /** JSON, or a file of it. */
  readonly columns?: string
  readonly planner?: string
  /** JSON. */
  readonly plannerOptions?: string
  readonly seed: string
  readonly concurrency: string
  readonly limit?: string
  readonly worker?: boolean
  readonly json?: boolean
}

/** Differences that are printed one by one. */
const SHOWN = 20

export async function replay(args: ReplayArguments): Promise<void> {
  const { data, columns: given, json, limit, worker, planner, plannerOptions, ...names } = args
  const router = { ...names, ...readPlanner(planner, plannerOptions) }
  const seed = Number(args.seed)
  const reading = await readColumns(given)
  const { columns } = reading
  const runtime = worker ? WORKER : NODE
  const folder = await mkdtemp(join(tmpdir(), 'switchyard-replay-'))
  const encoder = await openEncoder(ENCODER)
  try {
    const learned = await learn({
      ...router,
      ...reading,
      data,
      seed,
      encoder,
      cacheDir: resolve('.switchyard/vectors'),
    })
    await encoder?.close()
    const evaluation = evaluateLearned(learned, seed)
    if (evaluation === null)
      throw dataInvalid(data, 'a replay needs test queries with the outcome of every candidate, in a split `test`.')
    const candidates = toCandidates(learned)
    const levels = lambdaLevels(candidates, priorQuality(candidates))
    const lambdas = [levels.best, levels.auto, levels.cheap]
    const rows = distinct(learned, limit === undefined ? Number.POSITIVE_INFINITY : Number(limit))
    const run = {
      upstream: ['--data', resolve(data), ...(columns === undefined ? [] : ['--columns', JSON.stringify(columns)])],
      data,
      folder,
      learned,
      candidates,
      rows,
      lambdas,
      concurrency: Number(args.concurrency),
    }

    const online = await servingOf(run, runtime)
    const { asked, log, elapsedMs } = await throughGateway(runtime, { ...run, learns: online !== null })
    const compared = await compare({ ...run, reading, asked, log, ...(online && { online }) })
    const { table, differences, nearTies, lowestCosine } = compared
    if (json) {
      const { rows } = log
      const requests = asked.length
      print(
        JSON.stringify({ evaluation, lambdas: table, differences, nearTies, lowestCosine, requests, rows, elapsedMs }),
      )
    } else {
      print(renderComparison(evaluation))
      print(
        `\nThrough the ${runtime.name}: ${asked.length} requests of both SDKs in ${(elapsedMs / 1000).toFixed(1)} s, from the rows in ${runtime.log}:`,
      )
      print(renderLambdas(table))
      for (const line of summarize(runtime, log, { ...compared, learned: online !== null })) print(line)
    }
    if (differences.length > 0 || (runtime.exact && nearTies.length > 0)) process.exitCode = EXIT.no
  } finally {
    await encoder?.close()
    await rm(folder, { recursive: true, force: true })
  }
}

function summarize(
  runtime: Runtime,
  log: ReplayLog,
  { differences, nearTies, lowestCosine, learned }: Compared & { readonly learned: boolean },
): string[] {
  const counted = Object.entries(log.rows).map(([table, count]) => `${count} ${table}`)
  return [
    `${runtime.log} holds ${counted.join(', ')}.`,
    ...(lowestCosine === null
      ? []
      : [`Vectors of the ${runtime.name} and of the evaluation: cosine ${lowestCosine.toFixed(6)} at the lowest.`]),
    ...differences.slice(0, SHOWN).map((difference) => `DIFFERENT ${difference}`),
    ...nearTies.map((tie) => `NEAR TIE ${tie}`),
    differences.length + nearTies.length === 0
      ? learned
        ? 'Every decision, made again from the rewards in the log, has the same chances, and every answer is its record. Beside it stands the policy as it was trained, without what was learned.'
        : 'Every decision equals the offline evaluation of the same policy, and every answer its record.'
      : `${differences.length} differences without an explanation, ${nearTies.length} near ties that the vectors tipped.`,
  ]
}

/** The set's candidates as the gateway is configured with them: every second one behind the other vendor's wire format. */
function toCandidates({ set }: Learned): Candidate[] {
  return set.candidates.map((candidate, i) => {
    if (i % 2 === 0) return { ...candidate, wire: 'openai', provider: 'openai' }
    const capabilities = [...candidate.capabilities].filter((capability) => capability !== 'logprobs')
    return { ...candidate, wire: 'anthropic', provider: 'anthropic', capabilities: new Set(capabilities) }
  })
}

/** Test rows, each prompt once: a replay can serve only one record of a prompt. */
function distinct({ set, test }: Learned, limit: number): number[] {
  // A prompt that the train split has too is served with that record, which would not be the test's.
  const firstRow = new Map<string, number>()
  for (const [row, { prompt }] of set.queries.entries()) if (!firstRow.has(prompt)) firstRow.set(prompt, row)
  return test.filter((row) => firstRow.get(set.queries[row]!.prompt) === row).slice(0, limit)
}

/** What decides beside the log in a gateway that learns; `null` where it does not. */
async function servingOf(
  { learned, candidates, folder }: Omit<Run, 'upstream'>,
  { exact }: Runtime,
): Promise<Serving | null> {
  const { policy, compiled } = learned
  if (!findPlanner(policy.manifest.planner.name).explores) return null
  // The gateway's own configuration, which needs an address to be one.
  const { config } = await parseGiven(configFor(folder, 'http://127.0.0.1/', candidates), {})
  const [route] = config.routes
  const { keyShare } = config.learning.reward
  const { forgetting } = config.learning
  const shape = { features: FEATURES.length, dim: policy.manifest.encoder.dim, forgetting }
  return {
    recipe: { route: route!.name, policy: policy.id, keyShare, ...shape },
    policy: compiled,
    candidates: withPriors(candidates),
    exploration: { allowed: true, maxLoss: route!.exploration.maxLoss },
    // Another runtime's exponentials and logarithms may have another last bit.
    tolerance: exact ? 0 : 1e-9,
  }
}

interface Run {
  /** What the upstream is to serve. */
  readonly upstream: readonly string[]
  readonly data: string
  readonly folder: string
  readonly learned: Learned
  readonly candidates: readonly Candidate[]
  readonly rows: readonly number[]
  readonly lambdas: readonly number[]
  readonly concurrency: number
}

async function throughGateway(
  runtime: Runtime,
  {
    upstream: served,
    folder,
    learned,
    candidates,
    rows,
    lambdas,
    concurrency,
    learns,
  }: Run & { readonly learns: boolean },
): Promise<{ asked: Asked[]; log: ReplayLog; elapsedMs: number }> {
  const upstream = await startProcess(['upstream', ...served], /ready on (http:\S+)/u)
  try {
    const gateway = await runtime.start(configFor(folder, upstream.found, candidates), folder)
    const bar = progress('asking')
    try {
      const { url } = gateway
      await promote(url, { id: learned.policy.id, bytes: learned.bytes })
      const started = performance.now()
      const asked = await askAll({
        url,
        prompts: rows.map((row) => ({ row, prompt: learned.set.queries[row]!.prompt })),
        lambdas,
        concurrency,
        ...(learns && { scoreOf: scoreBy(learned) }),
        onProgress: bar.update,
      })
      return { asked, elapsedMs: performance.now() - started, log: await readLog(url) }
    } finally {
      bar.stop()
      await gateway.stop()
    }
  } finally {
    await upstream.stop()
  }
}

/** The recorded quality of what was answered. */
function scoreBy({ set }: Learned): (asked: Asked) => number {
  const columnOf = new Map(set.candidates.map(({ id }, column) => [id, column]))
  return ({ row, model }) => set.quality[row * set.candidates.length + columnOf.get(model)!]!
}
