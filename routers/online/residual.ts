/**
 * What the offline prediction gets wrong, learned while serving: for each candidate a ridge regression of quality − predicted on the query's features, a few
 * directions of its vector and the prediction itself. All weights begin at 0, which is the offline policy; how many lessons it takes to leave it is the
 * trust in it (PILOT, arXiv 2508.21141, regularises toward weights learned offline in the same way; LinUCB, arXiv 1003.0146, is the regression per arm).
 *
 * Each lesson leaves `forgetting` of the weight of all before it. A candidate that is not asked keeps what is known of it until it is: only
 * then do its old lessons lose what they lost meanwhile. To forget it at once would send everybody back to their priors, the worst to the most flattering.
 */
import type { OnlineModel, Query } from '../../src/spec.ts'
import { clamp, dotRow } from '../math.ts'
import { directions } from './directions.ts'
import { createRecursiveRidge, type RecursiveRidge, sumsLength } from './recursiveRidge.ts'

/** Both chosen on training queries (docs/learning.md). More directions find no more; half or twice the trust is not told apart. */
const DIRECTIONS = 8
/** Lessons that the offline prediction counts as, for each weight. */
const TRUST = 80

export interface OnlineShape {
  /** Length of `Query.features`. */
  readonly features: number
  /** Of the encoder's vectors; 0 without one. */
  readonly dim: number
  /** In (0, 1]: what a lesson still counts after the next one. */
  readonly forgetting: number
}

interface Arm {
  readonly ridge: RecursiveRidge
  /** What its lessons have lost since the last of them. */
  kept: number
}

/**
 * Lessons must be of one policy: they say how far its predictions were off. A candidate that is new to the model begins with its first lesson.
 * @param saved by a model of the same shape. Throws a `RangeError` for anything else
 */
export function createOnlineModel({ features, dim, forgetting }: OnlineShape, saved?: Uint8Array): OnlineModel {
  const axes = directions(DIRECTIONS, dim)
  const inputs = features + (dim === 0 ? 0 : axes.length / dim)
  // A coordinate of a unit vector is about √(1 / dim); so scaled they weigh as much as one feature of size 1 together.
  const scale = Math.sqrt(dim / Math.max(1, inputs - features))
  // 1, the query, the prediction.
  const width = inputs + 2
  const precision = new Float64Array(width).fill(TRUST)
  const { lessons: learned, arms } = saved ? read(saved) : { lessons: 0, arms: new Map<string, Arm>() }
  let lessons = learned

  function encode({ features: given, vector }: Query): Float64Array {
    if (given.length !== features || (vector !== null && dim !== 0 && vector.length !== dim))
      throw new RangeError(
        `the query has ${given.length} features and a vector of ${vector?.length ?? 0}, what learns online expects ${features} and ${dim}`,
      )
    const row = new Float64Array(inputs)
    row.set(given)
    if (vector === null || dim === 0) return row
    const wide = new Float64Array(vector)
    for (let r = features; r < inputs; r++) row[r] = scale * dotRow(axes, r - features, dim, wide)
    return row
  }

  function rowOf(encoded: Float64Array): Float64Array {
    const row = new Float64Array(width)
    row[0] = 1
    row.set(encoded, 1)
    return row
  }

  function read(bytes: Uint8Array): { lessons: number; arms: Map<string, Arm> } {
    const end = LENGTH_BYTES + new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0)
    const ids: string[] = JSON.parse(new TextDecoder().decode(bytes.subarray(LENGTH_BYTES, end)))
    const each = 1 + sumsLength(width)
    const expected = end + NUMBER_BYTES * (1 + ids.length * each)
    if (bytes.length !== expected)
      throw new RangeError(`what was learned online has ${bytes.length} bytes in place of ${expected}`)
    const numbers = new Float64Array(bytes.slice(end).buffer)
    const armOf = (id: string, i: number): [string, Arm] => {
      const [kept, ...sums] = numbers.subarray(1 + i * each, 1 + (i + 1) * each)
      return [id, { ridge: createRecursiveRidge(precision, Float64Array.from(sums)), kept: kept! }]
    }
    return { lessons: numbers[0]!, arms: new Map(ids.map(armOf)) }
  }

  return {
    id: `residual-1 ${features}+${inputs - features}/${dim}`,
    encode,

    correct(query, candidates, estimate) {
      const row = rowOf(encode(query))
      const quality = estimate.quality.slice()
      const qualityStd = estimate.qualityStd.slice()
      for (const [m, { id }] of candidates.entries()) {
        const arm = arms.get(id)
        if (!arm) continue
        row[width - 1] = estimate.quality[m]! - MIDDLE
        quality[m] = clamp(estimate.quality[m]! + arm.ridge.predict(row), 0, 1)
        qualityStd[m]! *= Math.sqrt(arm.ridge.doubt(row))
      }
      return { ...estimate, quality, qualityStd, lessons }
    },

    learn(candidate, { features: encoded, predicted, weight }, quality) {
      if (encoded.length !== inputs)
        throw new RangeError(`a lesson has ${encoded.length} numbers in place of ${inputs}; it is of another model`)
      const row = rowOf(encoded)
      row[width - 1] = predicted - MIDDLE
      // A lesson of little weight pushes little out.
      const left = 1 - (1 - forgetting) * weight
      for (const arm of arms.values()) arm.kept *= left
      const arm = arms.get(candidate) ?? { ridge: createRecursiveRidge(precision), kept: 1 }
      arm.ridge.learn(row, quality - predicted, { weight, kept: arm.kept })
      arm.kept = 1
      arms.set(candidate, arm)
      lessons = left * lessons + weight
    },

    save() {
      const known = [...arms].sort(([a], [b]) => (a < b ? -1 : 1))
      const ids = new TextEncoder().encode(JSON.stringify(known.map(([id]) => id)))
      const numbers = Float64Array.from([lessons, ...known.flatMap(([, { kept, ridge }]) => [kept, ...ridge.sums])])
      const bytes = new Uint8Array(LENGTH_BYTES + ids.length + numbers.byteLength)
      new DataView(bytes.buffer).setUint32(0, ids.length)
      bytes.set(ids, LENGTH_BYTES)
      bytes.set(new Uint8Array(numbers.buffer), LENGTH_BYTES + ids.length)
      return bytes
    },
  }
}

/** Saved are the length of the ids as JSON, the ids in order, the lessons, and of each candidate what is kept and its sums. */
const LENGTH_BYTES = 4
const NUMBER_BYTES = 8
/** Predictions are taken from here, so that a slope turns about the middle and leaves the mean alone. */
const MIDDLE = 0.5
