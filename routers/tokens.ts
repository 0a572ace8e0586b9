/** Ridge heads for output tokens. Lengths are log-normal at best, so the heads predict log(1 + tokens). */
import type { EstimatorState, Tensor } from '../src/spec.ts'
import { clamp } from './math.ts'
import { predictRidge, type RidgeSolver } from './ridge.ts'
import { f64, readF64 } from './state.ts'

interface Size {
  readonly n: number
  readonly m: number
  readonly width: number
}

/**
 * Tensors `tokens` [m, 1 + width] and `tokenRange` [m, 3]: smallest and largest log length seen, and the mean of exp(residual) that turns
 * a predicted logarithm back into an expected number (Duan's smearing estimator, 1983). NaN where nothing is known.
 */
export function tokenHeads(
  ridge: RidgeSolver,
  outputTokens: Float64Array,
  x: Float64Array,
  { n, m, width }: Size,
): Record<'tokens' | 'tokenRange', Tensor> {
  const logs = outputTokens.map((tokens) => Math.log1p(tokens))
  const { weights } = ridge.solve(logs, m)
  const range = new Float64Array(m * 3).fill(Number.NaN)
  for (let c = 0; c < m; c++) {
    const known = Array.from({ length: n }, (_, i) => i).filter((i) => !Number.isNaN(logs[i * m + c]!))
    if (known.length === 0) continue
    const lengths = known.map((i) => logs[i * m + c]!)
    const smear = known.map((i, r) => {
      return Math.exp(lengths[r]! - predictRidge(weights, c, x.subarray(i * width, (i + 1) * width)))
    })
    range[c * 3] = lengths.reduce((low, value) => Math.min(low, value), Number.POSITIVE_INFINITY)
    range[c * 3 + 1] = lengths.reduce((high, value) => Math.max(high, value), 0)
    range[c * 3 + 2] = smear.reduce((sum, value) => sum + value, 0) / smear.length
  }
  return { tokens: f64(weights, [m, 1 + width]), tokenRange: f64(range, [m, 3]) }
}

/** Expected output tokens of candidate column `c` for one row of the design, or `undefined` where no length was ever seen. */
export function loadTokens(state: EstimatorState, m: number, width: number) {
  const weights = readF64(state, 'tokens', [m, 1 + width])
  const range = readF64(state, 'tokenRange', [m, 3])
  return (c: number, row: Float64Array): number | undefined => {
    const [low, high, smear] = range.subarray(c * 3, c * 3 + 3)
    if (Number.isNaN(smear!)) return undefined
    return Math.max(0, Math.exp(clamp(predictRidge(weights, c, row), low!, high!)) * smear! - 1)
  }
}
