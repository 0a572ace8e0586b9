/** Quantiles of Student's t distribution. */

/**
 * The p-quantile at `degrees` of freedom, from z = Φ⁻¹(p): the first five terms of its expansion in 1 / degrees (Abramowitz and Stegun 1964,
 * 26.7.5), within 0.3 % from two degrees on at p = 0.95. Fewer than two bound nothing.
 */
export function studentQuantile(z: number, degrees: number): number {
  if (degrees < 2) return Number.POSITIVE_INFINITY
  const s = z * z
  return [
    1,
    (s + 1) / 4,
    ((5 * s + 16) * s + 3) / 96,
    (((3 * s + 19) * s + 17) * s - 15) / 384,
    ((((79 * s + 776) * s + 1482) * s - 1920) * s - 945) / 92160,
  ].reduce((sum, term, k) => sum + (z * term) / degrees ** k, 0)
}
