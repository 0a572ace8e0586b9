/** The demo's models as a provider: no key, no network. */
import { demo } from '../simulate/demo.ts'
import { createSimulatedUpstream } from '../simulate/upstream.ts'
import type { Transport } from '../spec.ts'

/** Between two words of an answer: fast, but visibly a stream. */
const PACE_MS = 8

export function createDemoTransport(sleep: (ms: number, signal: AbortSignal) => Promise<void>): Transport {
  return createSimulatedUpstream(demo, { sleep, paceMs: PACE_MS })
}
