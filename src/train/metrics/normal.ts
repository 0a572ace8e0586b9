/** The standard normal distribution, to the seven digits that intervals need. */

/** Φ(x), by the Chebyshev fit of erfc in Press et al., Numerical Recipes (relative error below 1.2e-7). */
export function normalCdf(x: number): number {
  const z = Math.abs(x) / Math.SQRT2
  const t = 1 / (1 + z / 2)
  const series = [
    1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277,
  ].reduceRight((sum, c) => sum * t + c, 0)
  const tail = (t * Math.exp(-z * z - 1.26551223 + t * series)) / 2
  return x > 0 ? 1 - tail : tail
}

/** Φ⁻¹(p), by bisection; ±8 at the ends. */
export function normalQuantile(p: number): number {
  let [low, high] = [-8, 8]
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (normalCdf(middle) < p) low = middle
    else high = middle
  }
  return (low + high) / 2
}
