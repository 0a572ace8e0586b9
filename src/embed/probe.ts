/** What a session costs per text, measured with texts that mean nothing. */
import type { Run } from './session.ts'

export interface Measured {
  readonly dim: number
  /** Milliseconds that a question of 32 tokens takes in a full batch. */
  readonly textMs: number
}

/** Tokens of a usual question. */
const TOKENS = 32
const ROUNDS = 5

/** Warms up, and measures: the fastest of some rounds. */
export async function measureRun(run: Run, batch: number): Promise<Measured> {
  const texts = Array.from({ length: batch }, (_, seed) => probe(seed))
  const [vector] = await run(texts)
  let textMs = Number.POSITIVE_INFINITY
  for (let i = 0; i < ROUNDS; i++) {
    const start = performance.now()
    await run(texts)
    textMs = Math.min(textMs, (performance.now() - start) / batch)
  }
  return { dim: vector!.length, textMs }
}

function probe(seed: number): Int32Array {
  return Int32Array.from({ length: TOKENS }, (_, i) => 100 + ((i * 31 + seed * 17) % 1000))
}
