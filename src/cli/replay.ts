/**
 * `switchyard replay`: the whole gateway on real recorded outcomes. Trains on the train split, starts an upstream that
 * serves the records and a gateway as processes of their own, sends every test prompt through the official SDKs, reads
 * the log, and compares with the offline evaluation of the same policy. Any difference is a failure.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { openEncoder } from '../compose/encoder.node.ts'
import { wholeTokens } from '../compose/transports.node.ts'
import { createPolicyFolder } from '../policy/folder.node.ts'
import { expectedCostUsd } from '../route/cost.ts'
import { lambdaLevels } from '../route/lambda.ts'
import { priorQuality } from '../route/priors.ts'
import { placeholderAnswer } from '../simulate/replay.ts'
import type { Candidate, DecisionRecord } from '../spec.ts'
import { readAnswers } from '../train/dataset.ts'
import { chooser, evaluateLearned, type Learned, learn, type RouterArguments } from './learn.ts'
import { withLog } from './log.ts'
import { EXIT, print, progress } from './output.ts'
import { startProcess } from './process.ts'
import { type Asked, askAll } from './replay.clients.ts'
import { type LambdaRow, renderLambdas } from './replay.table.ts'
import { renderEvaluation } from './report.ts'

interface ReplayArguments extends RouterArguments {
  readonly data: string
  readonly seed: string
  readonly concurrency: string
  readonly limit?: string
  readonly json?: boolean
}

const ENCODER = { driver: 'onnx', provider: 'cpu', timeoutMs: 10_000, maxPending: 1000, cacheEntries: 10_000 } as const

export async function replay({ data, json, limit, ...args }: ReplayArguments): Promise<void> {
  const seed = Number(args.seed)
  const folder = await mkdtemp(join(tmpdir(), 'switchyard-replay-'))
  const encoder = await openEncoder(ENCODER)
  try {
    const learned = await learn({ ...args, data, seed, encoder, cacheDir: resolve('.switchyard/vectors') })
    await encoder?.close()
    const evaluation = evaluateLearned(learned, seed)
    const candidates = toCandidates(learned)
    const levels = lambdaLevels(candidates, priorQuality(candidates))
    const lambdas = [levels.best, levels.auto, levels.cheap]
    const rows = distinct(learned, limit === undefined ? Number.POSITIVE_INFINITY : Number(limit))

    await promote(learned, folder)
    const started = performance.now()
    const asked = await throughGateway({
      data,
      folder,
      learned,
      candidates,
      rows,
      lambdas,
      concurrency: Number(args.concurrency),
    })
    const elapsedMs = performance.now() - started
    const records = await readLog(folder)
    const { table, differences } = await compare({ data, learned, candidates, asked, records, lambdas, rows })
    if (json) print(JSON.stringify({ evaluation, lambdas: table, differences, requests: asked.length, elapsedMs }))
    else {
      print(renderEvaluation(evaluation))
      print(
        `\nThrough the gateway: ${asked.length} requests of both SDKs in ${(elapsedMs / 1000).toFixed(1)} s, from the rows in SQLite:`,
      )
      print(renderLambdas(table))
      for (const difference of differences.slice(0, 20)) print(`DIFFERENT ${difference}`)
      print(
        differences.length === 0
          ? 'Every decision equals the offline evaluation of the same policy, and every answer its record.'
          : `${differences.length} differences.`,
      )
    }
    if (differences.length > 0) process.exitCode = EXIT.no
  } finally {
    await encoder?.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** The set's candidates as the gateway is configured with them: every second one behind the other vendor's wire format. */
function toCandidates({ set }: Learned): Candidate[] {
  return set.candidates.map((candidate, i) => {
    const wire = i % 2 === 0 ? 'openai' : 'anthropic'
    return { ...candidate, wire, provider: wire }
  })
}

/** Test rows, each prompt once: a replay can serve only one record of a prompt. */
function distinct({ set, test }: Learned, limit: number): number[] {
  // A prompt that the train split has too is served with that record, which would not be the test's.
  const firstRow = new Map<string, number>()
  for (const [row, { prompt }] of set.queries.entries()) if (!firstRow.has(prompt)) firstRow.set(prompt, row)
  return test.filter((row) => firstRow.get(set.queries[row]!.prompt) === row).slice(0, limit)
}

async function promote({ bytes, policy }: Learned, folder: string): Promise<void> {
  await createPolicyFolder(join(folder, 'policies')).write(bytes)
  const row = { route: 'auto', policy: policy.id, at: Date.now(), reason: 'replay' }
  await withLog(logIn(folder), (store) => store.append([{ table: 'policies', row }]))
}

const logIn = (folder: string) => ({ data: folder, log: { durability: 'process', maxQueuedRows: 10_000 } }) as const

interface Run {
  readonly data: string
  readonly folder: string
  readonly learned: Learned
  readonly candidates: readonly Candidate[]
  readonly rows: readonly number[]
  readonly lambdas: readonly number[]
  readonly concurrency: number
}

async function throughGateway({
  data,
  folder,
  learned,
  candidates,
  rows,
  lambdas,
  concurrency,
}: Run): Promise<Asked[]> {
  const upstream = await startProcess(['upstream', '--data', resolve(data)], /ready on (http:\S+)/u)
  try {
    const config = join(folder, 'switchyard.config.json')
    await writeFile(config, JSON.stringify(configFor(folder, upstream.found, candidates)))
    const gateway = await startProcess(
      ['serve', '--config', config, '--port', '0', '--host', '127.0.0.1'],
      /listening on (http:\S+)/u,
    )
    const bar = progress('asking')
    try {
      return await askAll({
        url: gateway.found,
        prompts: rows.map((row) => ({ row, prompt: learned.set.queries[row]!.prompt })),
        lambdas,
        concurrency,
        onProgress: bar.update,
      })
    } finally {
      bar.stop()
      await gateway.stop()
    }
  } finally {
    await upstream.stop()
  }
}

function configFor(folder: string, baseUrl: string, candidates: readonly Candidate[]) {
  return {
    data: folder,
    providers: { openai: { kind: 'openai', baseUrl }, anthropic: { kind: 'anthropic', baseUrl } },
    candidates: candidates.map(({ id, provider, model, price, contextWindow }) => ({
      id,
      provider,
      model,
      price,
      contextWindow,
      maxOutput: 100_000,
      capabilities: [],
    })),
    encoder: ENCODER,
  }
}

async function readLog(folder: string): Promise<Map<string, DecisionRecord>> {
  return withLog(logIn(folder), async (store) => {
    const records = new Map<string, DecisionRecord>()
    for (let before: string | undefined; ; ) {
      const page = await store.decisions({ limit: 500, ...(before !== undefined && { before }) })
      for (const record of page) records.set(record.decision.id, record)
      const last = page.at(-1)
      if (!last) return records
      before = last.decision.id
    }
  })
}

interface Comparison {
  readonly data: string
  readonly learned: Learned
  readonly candidates: readonly Candidate[]
  readonly asked: readonly Asked[]
  readonly records: ReadonlyMap<string, DecisionRecord>
  readonly lambdas: readonly number[]
  readonly rows: readonly number[]
}

/** What the log says beside what the offline evaluation and the records say. */
async function compare({ data, learned, candidates, asked, records, lambdas, rows }: Comparison) {
  const { set } = learned
  const answers = await readAnswers(data)
  const choose = chooser(learned, candidates)
  const columnOf = new Map(set.candidates.map(({ id }, column) => [id, column]))
  const differences: string[] = []
  const table = lambdas.map((lambda): LambdaRow => {
    const own = asked.filter((one) => one.lambda === lambda)
    let [quality, costUsd, offlineQuality, offlineCostUsd] = [0, 0, 0, 0]
    const shares = new Map<string, number>()
    for (const { row, decision, text, via } of own) {
      const query = set.queries[row]!
      const record = records.get(decision)
      const where = `${query.id} at λ ${lambda} via ${via}`
      if (!record?.outcome) {
        differences.push(`${where}: the log has no ${record ? 'outcome' : 'decision'} ${decision}`)
        continue
      }
      const { candidate } = record.outcome
      const cell = row * set.candidates.length + (columnOf.get(candidate) ?? Number.NaN)
      const expected = choose(row, lambda)
      const expectedCell = row * set.candidates.length + expected
      const recorded = answers?.get(query.id)?.[candidate] ?? placeholderAnswer(query.id, candidate)
      if (expected !== columnOf.get(candidate)) {
        differences.push(`${where}: the gateway asked ${candidate}, offline it is ${set.candidates[expected]!.id}`)
      }
      if (record.outcome.status !== 'ok') differences.push(`${where}: status ${record.outcome.status}`)
      if (text !== recorded)
        differences.push(
          `${where}: the client got ${JSON.stringify(text.slice(0, 60))}, the record of ${candidate} is ${JSON.stringify(recorded.slice(0, 60))}`,
        )
      const exact = settledCost(candidates[expected]!, set, expectedCell)
      if (expected === columnOf.get(candidate) && !near(record.outcome.costUsd, exact)) {
        differences.push(`${where}: logged cost ${record.outcome.costUsd}, price times recorded tokens ${exact}`)
      }
      quality += set.quality[cell] ?? 0
      costUsd += record.outcome.costUsd ?? 0
      offlineQuality += set.quality[expectedCell] ?? 0
      offlineCostUsd += exact
      shares.set(candidate, (shares.get(candidate) ?? 0) + 1)
    }
    if (own.length !== rows.length) differences.push(`λ ${lambda}: ${own.length} answers to ${rows.length} prompts`)
    const n = own.length
    return {
      lambda,
      queries: n,
      quality: quality / n,
      costUsd: costUsd / n,
      offlineQuality: offlineQuality / n,
      offlineCostUsd: offlineCostUsd / n,
      shares: [...shares]
        .map(([candidate, count]) => ({ candidate, share: count / n }))
        .sort((a, b) => b.share - a.share),
    }
  })
  return { table, differences }
}

/** What the gateway's price list makes of the recorded tokens. */
function settledCost({ price }: Candidate, set: Learned['set'], cell: number): number {
  return expectedCostUsd(price, wholeTokens(set.inputTokens[cell]), wholeTokens(set.outputTokens[cell]))
}

function near(a: number | null, b: number): boolean {
  return a !== null && Math.abs(a - b) <= 1e-9 * Math.abs(b)
}
