/**
 * Texts per second, from text to vector, of every execution provider there is on this machine beside the CPU's int8 on all its cores: calls of 1 to 256 texts one
 * after the other, and several of 256 at once; then what single texts wait for at a given rate of arrivals, and what tokens and session cost alone.
 */
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import Table from 'cli-table3'
import { createOnnxEncoder, type OnnxEncoder } from '../../src/embed/onnx.node.ts'
import { PROVIDERS, type Provider } from '../../src/embed/providers.node.ts'
import type { Tokenizer } from '../../src/embed/unigram.ts'

const TOKENS = [8, 32, 128]
const CALLS = [1, 16, 64, 256]
/** Calls of 256 texts under way at once. */
const AT_ONCE = 4
/** Of each measurement; the median of the rounds counts. */
const ROUNDS = 3
const ROUND_MS = 400
/** Single texts per second, arriving at random. */
const ARRIVALS = 2_000
const ARRIVING_MS = 3_000

export interface Rates {
  readonly provider: Provider
  readonly device: string | null
  readonly threads: number
  readonly rows: readonly { readonly tokens: number; readonly perSecond: readonly number[]; readonly flood: number }[]
  readonly waits: {
    readonly tokens: number
    readonly p50Ms: number
    readonly p99Ms: number
    readonly perSecond: number
  }
}

export interface Unavailable {
  readonly provider: Provider
  readonly reason: string
}

export async function measureRates(
  dir: string,
  tokenizer: Tokenizer,
): Promise<{ readonly rates: readonly Rates[]; readonly unavailable: readonly Unavailable[] }> {
  const rates: Rates[] = []
  const unavailable: Unavailable[] = []
  const texts = new Map(TOKENS.map((tokens) => [tokens, textsOf(tokenizer, tokens)]))
  for (const provider of PROVIDERS.toReversed()) {
    const encoder = await createOnnxEncoder({
      dir,
      provider,
      ...(provider === 'cpu' && { threads: availableParallelism() }),
    })
    const { skipped } = encoder.provider
    if (encoder.provider.provider === provider) rates.push(await measure(encoder, texts))
    else unavailable.push({ provider, reason: skipped.find((one) => one.provider === provider)?.reason ?? 'not tried' })
    await encoder.close()
  }
  return { rates, unavailable }
}

export function printRates({ rates, unavailable }: Awaited<ReturnType<typeof measureRates>>): void {
  const table = new Table({
    head: ['provider', 'tokens', ...CALLS.map((count) => `${count} a call`), `${AT_ONCE} calls of 256`, 'of the CPU'],
  })
  const cpu = rates.find(({ provider }) => provider === 'cpu')
  for (const { provider, device, threads, rows } of rates) {
    for (const [r, { tokens, perSecond, flood }] of rows.entries()) {
      const name = r === 0 ? `${provider}${device === null ? '' : ` (${device})`}, ${threads} threads` : ''
      const ratio = cpu === undefined ? '' : (flood / cpu.rows[r]!.flood).toFixed(1)
      table.push([name, tokens, ...[...perSecond, flood].map((rate) => Math.round(rate).toLocaleString('en')), ratio])
    }
  }
  console.log(`Texts per second, from text to vector:\n${table}`)
  for (const { provider, waits } of rates)
    console.log(
      `${provider}: ${Math.round(waits.perSecond)} texts of ${waits.tokens} tokens a second arriving singly wait ${waits.p50Ms.toFixed(2)} ms (p50), ${waits.p99Ms.toFixed(2)} ms (p99).`,
    )
  for (const { provider, reason } of unavailable) console.log(`not ${provider}: ${reason}`)
}

async function measure(encoder: OnnxEncoder, texts: ReadonlyMap<number, readonly string[]>): Promise<Rates> {
  const { provider, device, threads } = encoder.provider
  const rows: Rates['rows'][number][] = []
  for (const [tokens, all] of texts) {
    const rateAt = (count: number, atOnce: number) =>
      medianRate(async () => {
        await Promise.all(Array.from({ length: atOnce }, () => encoder.embed(all.slice(0, count))))
        return count * atOnce
      })
    const perSecond: number[] = []
    for (const count of CALLS) perSecond.push(await rateAt(count, 1))
    rows.push({ tokens, perSecond, flood: await rateAt(256, AT_ONCE) })
  }
  return { provider, device, threads, rows, waits: { tokens: 32, ...(await arrive(encoder, texts.get(32)!)) } }
}

/** `work` says how many texts it has embedded. */
async function medianRate(work: () => Promise<number>): Promise<number> {
  await work()
  const rates: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    let done = 0
    while (performance.now() - start < ROUND_MS) done += await work()
    rates.push((1000 * done) / (performance.now() - start))
  }
  return rates.sort((a, b) => a - b)[ROUNDS >> 1]!
}

/** Texts come one by one, whether or not those before them are done. A late timer sends what is due, and the wait counts from when it was due. */
async function arrive(encoder: OnnxEncoder, texts: readonly string[]) {
  const waits: number[] = []
  const under: Promise<void>[] = []
  const start = performance.now()
  let due = start
  for (let i = 0; due < start + ARRIVING_MS; i++) {
    due -= (Math.log(1 - Math.random()) * 1000) / ARRIVALS
    const at = due
    const early = at - performance.now()
    if (early > 1) await sleep(Math.floor(early))
    const asked = encoder.embed([texts[i % texts.length]!])
    under.push(asked.then(() => void waits.push(performance.now() - at)))
  }
  await Promise.all(under)
  waits.sort((a, b) => a - b)
  const quantile = (share: number) => waits[Math.floor(share * (waits.length - 1))]!
  return {
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    perSecond: (1000 * waits.length) / (performance.now() - start),
  }
}

const WORDS =
  'how far does a train go that leaves at noon and travels at sixty miles an hour until a quarter past three with no stop at all while another one comes toward it on the same line'.split(
    ' ',
  )

/** 256 texts of about so many tokens, no two alike. */
function textsOf(tokenizer: Tokenizer, tokens: number): string[] {
  return Array.from({ length: 256 }, (_, seed) => {
    let text = String(seed)
    for (let word = seed; tokenizer.encode(text).length < tokens; word++) text += ` ${WORDS[word % WORDS.length]}`
    return text
  })
}
