/** What features and vectors each contribute to linear predictions. */

/**
 * Mean variance over the training rows of what each block contributes to the prediction of a target. `weights` is [m, 1 + width], intercepts
 * first, `x` row-major [n, width] with the features before the vector.
 */
export function blockVariance(
  weights: Float64Array,
  x: Float64Array,
  { n, m, width, features }: { n: number; m: number; width: number; features: number },
): { features: number; vector: number } {
  const total = { features: 0, vector: 0 }
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < m; c++) {
      const part = { features: 0, vector: 0 }
      for (let j = 0; j < width; j++) {
        part[j < features ? 'features' : 'vector'] += weights[c * (1 + width) + 1 + j]! * x[i * width + j]!
      }
      total.features += part.features ** 2 / (n * m)
      total.vector += part.vector ** 2 / (n * m)
    }
  }
  return total
}
