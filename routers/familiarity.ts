/** Support by distance to the nearest centroid of a partition, one reference per block: a query may be strange in what it says or in how it looks. */
import type { EstimatorState, Tensor } from '../src/spec.ts'
import type { Place } from './partition.ts'
import { f64, readF64 } from './state.ts'
import { SUPPORT_POINTS, supportOf, supportReference } from './support.ts'

/** Farther than any centroid. */
const FAR = 1e9

/**
 * Tensor `support` of a state, from the places of the training rows. The distance of a training row to its own centroid counts as it would be without
 * the row, which pulled it closer by (rows − 1) / rows; the only row of a cluster takes the next centroid.
 */
export function fitFamiliarity(places: readonly Place[]): Tensor {
  const rows = new Float64Array(places[0]?.weights.length ?? 0)
  for (const { nearest } of places) rows[nearest]! += 1
  const reference = (block: 'byFeatures' | 'byVector') => {
    const closeness = places.map(({ nearest, [block]: gaps }) => {
      const count = rows[nearest]!
      return -Math.min(
        ...gaps.map((gap, k) => (k !== nearest ? gap : count > 1 ? gap * (count / (count - 1)) ** 2 : FAR)),
      )
    })
    return supportReference(closeness)
  }
  return f64(Float64Array.of(...reference('byFeatures'), ...reference('byVector')), [2, SUPPORT_POINTS])
}

/** Support of a query by its place; without a vector it falls to the share of a squared distance that features make. */
export function loadFamiliarity(state: EstimatorState, featureWeight: number): (place: Place) => number {
  const reference = readF64(state, 'support', [2, SUPPORT_POINTS])
  return ({ byFeatures, byVector, hasVector }) => {
    const look = supportOf(-Math.min(...byFeatures), reference.subarray(0, SUPPORT_POINTS))
    const meaning = supportOf(-Math.min(...byVector), reference.subarray(SUPPORT_POINTS))
    return hasVector ? Math.min(look, meaning) : look * featureWeight
  }
}
