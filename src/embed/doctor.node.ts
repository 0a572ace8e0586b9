/** What `switchyard doctor` says about the encoder. */
import type { EncoderInfo } from '../spec.ts'
import type { OnnxEncoder, ProviderReport } from './onnx.node.ts'

export interface EncoderReport extends EncoderInfo, ProviderReport {
  /** Text to vector of a usual question, one at a time: the median of `RUNS`. */
  readonly medianMs: number
}

const RUNS = 21
const QUESTION =
  'A train leaves the station at noon and travels at sixty miles an hour; how far has it come by a quarter past three in the afternoon?'

/** The encoder's identity, the execution provider in use, why no better one is, and how fast it is here. */
export async function describeEncoder(encoder: OnnxEncoder): Promise<EncoderReport> {
  const times: number[] = []
  for (let run = 0; run < RUNS; run++) {
    const start = performance.now()
    await encoder.embed([QUESTION])
    times.push(performance.now() - start)
  }
  const medianMs = times.sort((a, b) => a - b)[RUNS >> 1]!
  return { ...encoder.info, ...encoder.provider, medianMs }
}
