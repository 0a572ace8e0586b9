/** What features and vectors each contribute to predictions. */

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

/** Mean squared change of predicted qualities where the vector is missing, and the share of their variance that is left. */
export function worthOfVector(whole: readonly Float64Array[], bare: readonly Float64Array[]) {
  const n = whole.length
  const m = whole[0]?.length ?? 0
  let kept = 0
  let lost = 0
  for (let c = 0; c < m; c++) {
    const centre = bare.reduce((sum, predicted) => sum + predicted[c]!, 0) / n
    for (let i = 0; i < n; i++) {
      kept += (bare[i]![c]! - centre) ** 2
      lost += (whole[i]![c]! - bare[i]![c]!) ** 2
    }
  }
  return { featureShare: kept / (kept + lost || 1), vectorVariance: lost / (n * m || 1) }
}
