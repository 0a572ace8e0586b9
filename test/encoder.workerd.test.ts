/** One policy serves both runtimes only if both see the same vectors: WebAssembly in the Workers runtime beside Node's native build. */
import { env } from 'cloudflare:workers'
import wasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm'
import { beforeAll, expect, it } from 'vitest'
import { openWebEncoder } from '../src/compose/encoder.web.ts'
import { compilePolicy } from '../src/compose/policy.ts'
import { DEMO_CANDIDATES } from '../src/config/demo.ts'
import { FEATURES } from '../src/embed/features.ts'
import { makeQuery } from '../src/embed/query.ts'
import { decodePolicy } from '../src/policy/file.ts'
import { decide } from '../src/route/decide.ts'
import { lambdaLevels } from '../src/route/lambda.ts'
import { priorQuality } from '../src/route/priors.ts'
import type { Ask } from '../src/spec.ts'

const asset = (path: string) => env.ASSETS.fetch(`https://assets.local/${path}`)
const bytes = async (path: string) => new Uint8Array(await (await asset(path)).arrayBuffer())

const settings = { driver: 'onnx', provider: 'auto', timeoutMs: 50, maxPending: 1, cacheEntries: 1 } as const
const encoder = (await openWebEncoder(
  settings,
  { asset, wasm, ai: null, fetch },
  { keepAlive: () => {}, patienceMs: 10_000 },
))!

let texts: readonly string[]
let native: Float32Array[]
let here: Float32Array[]

beforeAll(async () => {
  const answered = await env.NATIVE.fetch('https://native.test/')
  const answer = await answered.json<{ texts: string[]; vectors: number[][] }>()
  texts = answer.texts
  native = answer.vectors.map((vector) => Float32Array.from(vector))
  here = await encoder.embed(texts)
})

it('gives the vectors that Node gives', () => {
  expect(new Set(texts).size).toBeGreaterThanOrEqual(190)
  const cosines = here.map((vector, i) => vector.reduce((sum, value, k) => sum + value * native[i]![k]!, 0))
  const min = Math.min(...cosines)
  const mean = cosines.reduce((sum, cosine) => sum + cosine, 0) / cosines.length
  console.log(`cosine of ${cosines.length} texts: min ${min.toFixed(6)}, mean ${mean.toFixed(6)}`)
  for (const vector of here) expect(Math.hypot(...vector)).toBeCloseTo(1, 5)
  expect(min, texts[cosines.indexOf(min)]).toBeGreaterThanOrEqual(0.9995)
})

it('decides as Node would, by the embedded policy', async () => {
  const ids = DEMO_CANDIDATES.map(({ id }) => id)
  const installation = { encoder: encoder.info, features: FEATURES, candidates: ids }
  const { policy } = compilePolicy(await decodePolicy(await bytes('demo/demo.safetensors')), installation)
  const levels = lambdaLevels(DEMO_CANDIDATES, priorQuality(DEMO_CANDIDATES))
  const ask = (text: string): Ask => ({
    wire: 'openai',
    asked: 'auto',
    stream: false,
    turns: [{ role: 'user', text }],
    requires: new Set(),
    tools: 0,
    images: 0,
  })
  const choose = (text: string, vector: Float32Array | null, lambda: number) => {
    const query = makeQuery(ask(text), text, vector)
    const preference = { lambda, limits: {} }
    const { plan, candidates } = decide({ query, candidates: DEMO_CANDIDATES, policy, preference, random: () => 0.5 })
    return candidates[plan.arm]!.id
  }
  const differing = { decisions: 0, byWasm: [] as string[], withoutVector: 0 }
  for (const lambda of [levels.best, levels.auto, levels.cheap, 30]) {
    for (const [i, text] of texts.entries()) {
      const chosen = choose(text, native[i]!, lambda)
      differing.decisions++
      if (choose(text, here[i]!, lambda) !== chosen) differing.byWasm.push(`${lambda}: ${text}`)
      if (choose(text, null, lambda) !== chosen) differing.withoutVector++
    }
  }
  console.log(
    `${differing.decisions} decisions: ${differing.byWasm.length} differ with the other vectors, ${differing.withoutVector} without any`,
  )
  expect(differing.withoutVector, 'the vectors matter to these decisions').toBeGreaterThan(0)
  expect(differing.byWasm).toEqual([])
})
