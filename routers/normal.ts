/** The standard normal distribution. */

/** Φ(x), by the Chebyshev fit of erfc in Press et al., Numerical Recipes: relative error of the smaller tail below 1.2e-7. */
export function normalCdf(x: number): number {
  const z = Math.abs(x) / Math.SQRT2
  const t = 1 / (1 + z / 2)
  const high =
    -0.18628806 + t * (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277))))
  const series = 1.00002368 + t * (0.37409196 + t * (0.09678418 + t * high))
  const tail = (t * Math.exp(-z * z - 1.26551223 + t * series)) / 2
  return x > 0 ? 1 - tail : tail
}
