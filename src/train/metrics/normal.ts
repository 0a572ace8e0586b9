/** Quantiles of the standard normal distribution. */
import { normalCdf } from '../../../routers/normal.ts'

/** Φ⁻¹(p) to the seven digits that intervals need, by bisection; ±8 at the ends. */
export function normalQuantile(p: number): number {
  let [low, high] = [-8, 8]
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (normalCdf(middle) < p) low = middle
    else high = middle
  }
  return (low + high) / 2
}
