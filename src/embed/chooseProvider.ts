/** Which execution provider embeds: the best that works, gives the CPU's vectors, and is faster than the CPU. */
import { messageOf } from './message.ts'
import type { Measured } from './probe.ts'
import type { Embeds } from './standby.ts'

export interface Opened extends Embeds {
  readonly ready: Measured
}

/** A better provider that is not in use, and why. */
export interface Skipped<Provider> {
  readonly provider: Provider
  readonly reason: string
}

export interface ChooseOptions<Provider> {
  /** To be tried, best first. */
  readonly gpus: readonly Provider[]
  /** Was one asked for? It is taken also where the CPU is faster. */
  readonly asked: boolean
  /** For trying all of them. */
  readonly budgetMs: number
  /** Milliseconds that never go back. */
  readonly now: () => number
  /** Why one need not be tried. */
  readonly whyNot: (provider: Provider) => string | null
  readonly openGpu: (provider: Provider, startMs: number) => Promise<Opened>
  readonly openCpu: () => Promise<Opened>
}

export interface Chosen<Provider> {
  /** `null`: the CPU. */
  readonly provider: Provider | null
  readonly opened: Opened
  readonly skipped: readonly Skipped<Provider>[]
}

/** Texts of several lengths whose vectors are compared. */
const PROBES = [
  'What is 2 + 2?',
  'Write a function that returns the longest common prefix of a list of strings, and say what it costs.',
  'A train leaves at noon and travels at sixty miles an hour. '.repeat(8),
]

/** Cosine with the CPU's vector of the same text: int8 and half precision of one model differ by less. */
const LEAST_COSINE = 0.995

/** Everything that is opened and not chosen is closed again. Rejects where the CPU cannot be opened. */
export async function chooseProvider<Provider>(options: ChooseOptions<Provider>): Promise<Chosen<Provider>> {
  const { gpus, asked, budgetMs, now, whyNot } = options
  const skipped: Skipped<Provider>[] = []
  const deadline = now() + budgetMs
  const opening = options.openCpu()
  opening.catch(() => {}) // Awaited below; until then a failure must not go unhandled.

  for (const provider of gpus) {
    const gpu = await tryOpen(provider)
    if (gpu === null) continue
    const cpu = await opening.catch(async (error: unknown) => {
      await gpu.close()
      throw error
    })
    const reason = await whyWorse(gpu, cpu)
    void (reason === null ? cpu : gpu).close()
    if (reason === null) return { provider, opened: gpu, skipped }
    skipped.push({ provider, reason })
  }
  return { provider: null, opened: await opening, skipped }

  async function tryOpen(provider: Provider): Promise<Opened | null> {
    try {
      const reason = whyNot(provider)
      if (reason === null) return await options.openGpu(provider, deadline - now())
      skipped.push({ provider, reason })
    } catch (error) {
      skipped.push({ provider, reason: messageOf(error) })
    }
    return null
  }

  async function whyWorse(gpu: Opened, cpu: Opened): Promise<string | null> {
    try {
      const [ours, theirs] = await Promise.all([gpu.embed(PROBES), cpu.embed(PROBES)])
      const lowest = Math.min(...ours.map((vector, i) => cosine(vector, theirs[i]!)))
      if (!(lowest >= LEAST_COSINE)) return `gives other vectors than the CPU: cosine ${lowest.toFixed(4)}`
    } catch (error) {
      return messageOf(error)
    }
    const [gpuMs, cpuMs] = [gpu.ready.textMs, cpu.ready.textMs]
    // A software renderer or a small GPU works too, but all CPU sessions together may carry more.
    if (asked || gpuMs < cpuMs) return null
    return `works, but is slower here: ${gpuMs.toFixed(2)} ms a text, the CPU ${cpuMs.toFixed(2)} ms`
  }
}

function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0)
}
