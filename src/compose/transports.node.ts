/** How bytes reach each kind of provider on Node. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createUndiciTransport } from '../call/undici.node.ts'
import type { Config, ProviderSettings } from '../config/config.ts'
import { createReplay, type RecordedQuery } from '../simulate/replay.ts'
import { createSimulatedUpstream } from '../simulate/upstream.ts'
import type { Transport } from '../spec.ts'
import { type DatasetOptions, readAnswers, readDataset, readLogprobs } from '../train/dataset.node.ts'
import type { OutcomeSet } from '../train/outcomes.ts'
import { createDemoTransport } from './demo.ts'

export interface Transports {
  /** Makes what the configuration's providers need; reads the data sets of `replay`. */
  prepare(config: Config): Promise<(provider: ProviderSettings) => Transport>
  close(): Promise<void>
}

const wait = async (ms: number, signal: AbortSignal): Promise<void> => {
  await sleep(ms, undefined, { signal })
}

export function createTransports(): Transports {
  const undici = createUndiciTransport()
  const demo = createDemoTransport(wait)
  const replays = new Map<string, Transport>()
  return {
    async prepare(config) {
      for (const { replay } of config.providers) {
        if (!replay || replays.has(JSON.stringify(replay))) continue
        replays.set(JSON.stringify(replay), await createReplayTransport(replay.data, replay))
      }
      return ({ kind, replay }) => {
        if (kind === 'demo') return demo
        return (kind === 'replay' && replays.get(JSON.stringify(replay))) || undici.transport
      }
    },
    close: undici.close,
  }
}

/** Serves the recorded outcomes of a data set, of all its splits. */
export async function createReplayTransport(
  data: string,
  options: DatasetOptions & { readonly latency: boolean },
): Promise<Transport> {
  const [set, answers, logprobs] = await Promise.all([
    readDataset(data, options),
    readAnswers(data, options),
    readLogprobs(data),
  ])
  const behaviour = createReplay(records(set, { answers, logprobs, latency: options.latency }))
  return createSimulatedUpstream(behaviour, { sleep: wait, paceMs: 0 })
}

function* records(
  set: OutcomeSet,
  {
    answers,
    logprobs,
    latency,
  }: {
    readonly answers: Map<string, Record<string, string>> | null
    readonly logprobs: Map<string, Record<string, number>> | null
    readonly latency: boolean
  },
): Generator<RecordedQuery> {
  const columns = set.candidates.length
  for (const [row, { id, prompt }] of set.queries.entries()) {
    const recorded = set.candidates.flatMap((candidate, column) => {
      const cell = row * columns + column
      if (Number.isNaN(set.quality[cell])) return []
      const logprob = logprobs?.get(id)?.[candidate.id]
      const answer = {
        text: answers?.get(id)?.[candidate.id] ?? null,
        inputTokens: wholeTokens(set.inputTokens[cell]),
        outputTokens: wholeTokens(set.outputTokens[cell]),
        latencyMs: latency ? (set.latencyMs[cell] ?? 0) || 0 : 0,
        ...(logprob !== undefined && { logprob }),
      }
      return [[candidate.id, answer] as const]
    })
    yield { id, prompt, answers: new Map(recorded) }
  }
}

/** Providers report whole tokens; derived counts may not be whole, and unknown ones count as none. */
export function wholeTokens(count: number | undefined): number {
  return Number.isFinite(count) ? Math.round(count ?? 0) : 0
}
