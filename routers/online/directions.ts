/**
 * A few directions of a space, orthonormal and the same for everybody: ±1 drawn with a fixed seed, then made orthogonal (Gram and Schmidt). What is
 * learned along them says the same in every process and under every policy. Additions, products and roots alone, so that they are equal to the last bit.
 */

/** Row-major [count, dim]; at most `dim` of them. */
export function directions(count: number, dim: number): Float64Array {
  const sign = signs()
  const rows = new Float64Array(Math.min(count, dim) * dim)
  for (let from = 0; from < rows.length; from += dim) {
    const row = rows.subarray(from, from + dim)
    for (let j = 0; j < dim; j++) row[j] = sign()
    for (let other = 0; other < from; other += dim) {
      const along = dot(rows.subarray(other, other + dim), row)
      for (let j = 0; j < dim; j++) row[j]! -= along * rows[other + j]!
    }
    const norm = Math.sqrt(dot(row, row))
    for (let j = 0; j < dim; j++) row[j]! /= norm
  }
  return rows
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let j = 0; j < a.length; j++) sum += a[j]! * b[j]!
  return sum
}

/** The top bit of a linear congruential generator (Numerical Recipes). */
function signs(): () => number {
  let state = 1
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return state < 0 ? -1 : 1
  }
}
