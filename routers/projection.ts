/**
 * The vector block of a design, projected on the leading principal directions of the training vectors. What the projection drops
 * is kept as one more column, its length: distances stay exact for a repeated query and never exceed the true ones, and a query far
 * from all that was seen stays far.
 */
import type { Design } from './design.ts'
import { dotRows } from './nearest.ts'
import { spectrum } from './spectrum.ts'

export interface Projection {
  readonly rank: number
  /** [rank, dim], orthonormal rows. */
  readonly directions: Float32Array
}

/** `encoded` is row-major [n, design.width]. */
export function projection(encoded: Float64Array, n: number, design: Design, rank: number): Projection {
  const { features, dim, width } = design
  const vectors = new Float64Array(n * dim)
  for (let i = 0; i < n; i++) vectors.set(encoded.subarray(i * width + features, (i + 1) * width), i * dim)
  const full = spectrum(vectors, n, dim)
  const kept = Math.min(rank, full.rank)
  return { rank: kept, directions: Float32Array.from(full.directions.subarray(0, kept * dim)) }
}

/** `encoded` (one row of the design) → `out`: features, `rank` coordinates, length of the rest. */
export function projectRow({ rank, directions }: Projection, design: Design, encoded: Float64Array, out: Float64Array) {
  const { features, dim } = design
  out.set(encoded.subarray(0, features))
  const vector = encoded.subarray(features)
  let rest = 0
  for (let j = 0; j < dim; j++) rest += vector[j]! * vector[j]!
  const coordinates = out.subarray(features, features + rank)
  dotRows(directions, dim, vector, { from: 0, to: dim, out: coordinates })
  for (let r = 0; r < rank; r++) rest -= coordinates[r]! * coordinates[r]!
  out[features + rank] = Math.sqrt(Math.max(0, rest))
}
