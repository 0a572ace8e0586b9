/** What a replay goes through: the gateway as a Node process of its own, or as a Worker in the Workers runtime of this machine. */
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConfigInput } from '../../config/schema.ts'
import type { Candidate } from '../../spec.ts'
import { startProcess } from '../process.ts'
import { startWorkerProcess } from '../worker.process.ts'

export interface Replayed {
  readonly url: string
  stop(): Promise<void>
}

export interface Runtime {
  readonly name: string
  /** Where its log is. */
  readonly log: string
  /** Its vectors are those that the policy was trained with, to the bit: then no decision may differ. */
  readonly exact: boolean
  start(config: ConfigInput, folder: string): Promise<Replayed>
}

/** The key of both clients: it may do everything. */
export const REPLAY_KEY = 'replay'

export const ENCODER = {
  driver: 'onnx',
  provider: 'cpu',
  // A first text waits for the encoder to be loaded, and must not be decided without its vector.
  timeoutMs: 10_000,
  maxPending: 1000,
  cacheEntries: 10_000,
} as const

export const NODE: Runtime = {
  name: 'gateway',
  log: 'SQLite',
  exact: true,
  async start(config, folder) {
    const file = join(folder, 'switchyard.config.json')
    await writeFile(file, JSON.stringify(config))
    const args = ['serve', '--config', file, '--port', '0', '--host', '127.0.0.1']
    const { found: url, stop } = await startProcess(args, /listening on (http:\S+)/u)
    return { url, stop }
  },
}

export const WORKER: Runtime = {
  name: 'Worker',
  log: 'D1',
  exact: false,
  start: (config, folder) => startWorkerProcess({ config, folder }),
}

/** @param baseUrl of the upstream that serves the records, in both wire formats */
export function configFor(folder: string, baseUrl: string, candidates: readonly Candidate[]): ConfigInput {
  return {
    data: folder,
    providers: { openai: { kind: 'openai', baseUrl }, anthropic: { kind: 'anthropic', baseUrl } },
    candidates: candidates.map(({ id, provider, model, price, contextWindow, capabilities }) => ({
      id,
      provider,
      model,
      price,
      contextWindow,
      maxOutput: 100_000,
      capabilities: [...capabilities],
    })),
    keys: [{ name: 'replay', sha256: createHash('sha256').update(REPLAY_KEY).digest('hex'), admin: true }],
    encoder: ENCODER,
  }
}
