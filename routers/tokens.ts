/** Heads for output tokens. Lengths are log-normal at best, so the heads predict log(1 + tokens). */
import type { EstimatorState, Tensor } from '../src/spec.ts'
import { clamp } from './math.ts'
import { predictRidge, type RidgeSolver } from './ridge.ts'
import { f64, readF64 } from './state.ts'

interface Size {
  readonly n: number
  readonly m: number
  readonly width: number
}

/** log(1 + tokens); NaN stays NaN. */
export function logTokens(outputTokens: Float64Array): Float64Array {
  return outputTokens.map((tokens) => Math.log1p(tokens))
}

/**
 * Tensor `tokenRange` [m, 3]: smallest and largest log length seen, and the mean of exp(residual) that turns a predicted logarithm back into an
 * expected number (Duan's smearing estimator, 1983). NaN where nothing is known. Both matrices are row-major [n, m].
 */
export function tokenRange(logs: Float64Array, predicted: Float64Array, m: number): Tensor {
  const range = new Float64Array(m * 3).fill(Number.NaN)
  for (let c = 0; c < m; c++) {
    let [low, high, smear, known] = [Number.POSITIVE_INFINITY, 0, 0, 0]
    for (let at = c; at < logs.length; at += m) {
      const length = logs[at]!
      if (Number.isNaN(length)) continue
      low = Math.min(low, length)
      high = Math.max(high, length)
      smear += Math.exp(length - predicted[at]!)
      known += 1
    }
    if (known > 0) range.set([low, high, smear / known], c * 3)
  }
  return f64(range, [m, 3])
}

/** Expected output tokens of candidate column `c` by the predicted logarithm, or `undefined` where no length was ever seen. */
export function loadTokenRange(state: EstimatorState, m: number) {
  const range = readF64(state, 'tokenRange', [m, 3])
  return (c: number, predicted: number): number | undefined => {
    const [low, high, smear] = range.subarray(c * 3, c * 3 + 3)
    if (Number.isNaN(smear!)) return undefined
    return Math.max(0, Math.exp(clamp(predicted, low!, high!)) * smear! - 1)
  }
}

/** Tensors `tokens` [m, 1 + width], the ridge heads, and `tokenRange`. */
export function tokenHeads(
  ridge: RidgeSolver,
  outputTokens: Float64Array,
  x: Float64Array,
  { n, m, width }: Size,
): Record<'tokens' | 'tokenRange', Tensor> {
  const logs = logTokens(outputTokens)
  const { weights } = ridge.solve(logs, m)
  const predicted = new Float64Array(n * m)
  for (let i = 0; i < n; i++) {
    const row = x.subarray(i * width, (i + 1) * width)
    for (let c = 0; c < m; c++) predicted[i * m + c] = predictRidge(weights, c, row)
  }
  return { tokens: f64(weights, [m, 1 + width]), tokenRange: tokenRange(logs, predicted, m) }
}

/** Expected output tokens of candidate column `c` for one row of the design, or `undefined` where no length was ever seen. */
export function loadTokens(state: EstimatorState, m: number, width: number) {
  const weights = readF64(state, 'tokens', [m, 1 + width])
  const expected = loadTokenRange(state, m)
  return (c: number, row: Float64Array): number | undefined => expected(c, predictRidge(weights, c, row))
}
