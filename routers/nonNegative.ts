/** Least squares with weights that are not negative. */

const MAX_SWEEPS = 10_000
const TOLERANCE = 1e-10

/**
 * The weights w ≥ 0 of least |target − Σ w_k column_k|², from the columns' products with each other (`gram`, [k, k]) and with the target: one weight
 * after the other is set to its best value until none moves (coordinate descent; the problem is convex). A column of zeros gets weight 0.
 */
export function nonNegativeWeights(gram: Float64Array, products: Float64Array): Float64Array {
  const k = products.length
  const weights = new Float64Array(k)
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    let moved = 0
    for (let a = 0; a < k; a++) {
      const own = gram[a * k + a]!
      if (!(own > 0)) continue
      let rest = products[a]!
      for (let b = 0; b < k; b++) if (b !== a) rest -= gram[a * k + b]! * weights[b]!
      const next = Math.max(0, rest / own)
      moved = Math.max(moved, Math.abs(next - weights[a]!))
      weights[a] = next
    }
    if (moved < TOLERANCE) break
  }
  return weights
}
