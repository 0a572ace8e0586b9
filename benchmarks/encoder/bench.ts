/**
 * Speed of the embedded encoder: what it costs over the bare session, then texts per second of every execution provider there is. Both sides of every comparison alternate within each round and the medians over rounds are
 * compared, so that a loaded machine slows both alike.
 *
 *   npm run bench:encoder -- [--rounds 15] [--json]
 */
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { extractFeatures } from '../../src/embed/features.ts'
import { createOnnxEncoder } from '../../src/embed/onnx.node.ts'
import { makeQuery } from '../../src/embed/query.ts'
import { createUnigramTokenizer } from '../../src/embed/unigram.ts'
import { windowText } from '../../src/embed/window.ts'
import type { Ask } from '../../src/spec.ts'
import { startBareSession } from './bare.ts'
import { measureRates, printRates } from './rates.ts'

interface Comparison {
  readonly name: string
  /** Milliseconds per text. */
  readonly ms: number
  readonly referenceMs: number
  readonly figure: number
  readonly target: string
  readonly met: boolean
}

const DIR = 'models/use-lite'
const WARM_UP = 50

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '15' }, json: { type: 'boolean', default: false } },
})

const tokenizer = createUnigramTokenizer(JSON.parse(readFileSync(join(DIR, 'tokenizer.json'), 'utf8')))
const questions = Array.from({ length: 16 }, (_, i) => ofTokens(32, i))
const short = askOf(2_000)
const long = askOf(100_000)

const started = performance.now()
const pair = await createOnnxEncoder({ dir: DIR, threads: 2, provider: 'cpu' })
const startMs = performance.now() - started
const single = await createOnnxEncoder({ dir: DIR, threads: 1, provider: 'cpu' })
const bare = await startBareSession(join(DIR, 'model.int8.onnx'))
const bare2 = await startBareSession(join(DIR, 'model.int8.onnx'))
await each(() => single.embed(questions.slice(0, 1)))(WARM_UP)
await each(() => pair.embed(questions))(WARM_UP)

const question = questions[0]!
const questionIds = tokenizer.encode(question)
const window = windowText(long.turns)
const nothing = async () => {}
const [vectorMs, bareMs] = await compare(
  20,
  each(() => single.embed([question])),
  (calls) => bare.run(questionIds, calls),
)
const oneByOne = async () => {
  for (const text of questions) await pair.embed([text])
}
const [atOnceMs, oneByOneMs] = await compare(
  2,
  each(() => pair.embed(questions)),
  each(oneByOne),
)
const [bothMs, aloneMs] = await compare(
  20,
  (calls) => Promise.all([bare.run(questionIds, calls), bare2.run(questionIds, calls)]),
  (calls) => bare.run(questionIds, calls),
)
const [longMs, shortMs] = await compare(
  10,
  each(() => embedAsk(long)),
  each(() => embedAsk(short)),
)
const [tokensMs] = await compare(
  500,
  each(() => tokenizer.encode(question)),
  nothing,
)
const [windowMs] = await compare(
  200,
  each(() => tokenizer.encode(window)),
  nothing,
)
const [featuresMs] = await compare(
  200,
  each(() => extractFeatures(long)),
  nothing,
)
await Promise.all([pair.close(), single.close(), bare.close(), bare2.close()])

const comparisons: Comparison[] = [
  comparison('text to vector, 32 tokens / bare session', vectorMs, bareMs, vectorMs / bareMs, '≤ 1.5', (x) => x <= 1.5),
  comparison(
    '16 at once on two sessions, throughput / one by one',
    atOnceMs / 16,
    oneByOneMs / 16,
    oneByOneMs / atOnceMs,
    '≥ 1.7',
    (x) => x >= 1.7,
  ),
  comparison(
    '.. the machine: two bare sessions at once / one',
    bothMs / 2,
    aloneMs,
    (2 * aloneMs) / bothMs,
    '-',
    () => true,
  ),
  comparison('query of a 100 kB prompt − of a 2 kB one, ms', longMs, shortMs, longMs - shortMs, '≤ 1', (x) => x <= 1),
  comparison('tokenizing 32 tokens / bare session', tokensMs, bareMs, tokensMs / bareMs, '< 1', (x) => x < 1),
  comparison('tokenizing a full window / its text to vector', windowMs, longMs, windowMs / longMs, '< 1', (x) => x < 1),
]
const rates = await measureRates(DIR, tokenizer)
report(comparisons)

/** Does something so many times, one after the other. */
type Work = (calls: number) => Promise<unknown>

function each(work: () => unknown): Work {
  return async (calls) => {
    for (let call = 0; call < calls; call++) await work()
  }
}

/** Milliseconds of one call of `work` and of `reference`: medians over rounds that alternate them, `calls` each. */
async function compare(calls: number, work: Work, reference: Work): Promise<[number, number]> {
  const times: [number[], number[]] = [[], []]
  for (let round = 0; round <= Number(options.rounds); round++) {
    for (const [side, run] of [work, reference].entries()) {
      const start = performance.now()
      await run(calls)
      // The first round warms up.
      if (round > 0) times[side]!.push((performance.now() - start) / calls)
    }
  }
  return [median(times[0]), median(times[1])]
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!
}

/** What the gateway does with a request until the estimators see it, without the cache. */
async function embedAsk(ask: Ask): Promise<unknown> {
  const text = windowText(ask.turns)
  const [vector] = await single.embed([text])
  return makeQuery(ask, text, vector!)
}

function askOf(chars: number): Ask {
  const text = 'The quick brown fox jumps over the lazy dog, and 3 of them return. '.repeat(chars / 60).slice(0, chars)
  return {
    wire: 'openai',
    asked: 'auto',
    stream: false,
    turns: [{ role: 'user', text }],
    requires: new Set(),
    tools: 0,
    images: 0,
  }
}

/** A question of exactly so many tokens. */
function ofTokens(tokens: number, seed: number): string {
  const words = `In ${seed + 11} words, how far does a train go that leaves at noon and travels at sixty miles an hour until a quarter past three in the afternoon with no stop at all`
  let text = words
  while (tokenizer.encode(text).length > tokens) text = text.slice(0, -1)
  return text
}

function comparison(
  name: string,
  ms: number,
  referenceMs: number,
  figure: number,
  target: string,
  holds: (x: number) => boolean,
): Comparison {
  return { name, ms, referenceMs, figure, target, met: holds(figure) }
}

function report(rows: readonly Comparison[]): void {
  const facts = {
    startMs,
    featuresMs,
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? 'unknown',
    node: process.version,
    rounds: Number(options.rounds),
  }
  if (options.json) {
    console.log(JSON.stringify({ ...facts, comparisons: rows, ...rates }, null, 2))
    return
  }
  const table = new Table({ head: ['comparison', 'ms a text', 'reference', 'figure', 'target', 'met'] })
  for (const row of rows) {
    table.push([
      row.name,
      row.ms.toFixed(3),
      row.referenceMs.toFixed(3),
      row.figure.toFixed(2),
      row.target,
      row.met ? 'yes' : 'no',
    ])
  }
  console.log(table.toString())
  console.log(
    `start ${startMs.toFixed(0)} ms with two sessions; features of a 100 kB prompt ${featuresMs.toFixed(3)} ms; ${facts.cores} × ${facts.cpu}, Node ${facts.node}`,
  )
  printRates(rates)
}
