/**
 * How good the best of several uncertain qualities is: E[max_m X_m] of independent normals, built up one member at a time by
 *
 *     E[max(S ∪ {m})] − E[max S] = E[(X_m − max S)⁺] = ∫ Π_{j ∈ S} Φ_j(x) · (1 − Φ_m(x)) dx.
 *
 * The integral is a sum with weights that are positive and nodes that are the same for all sets, so that what is true of the expectation is
 * true of the sum to the last bit: a gain is never negative, and it never grows as the set does. Cascade routing (arXiv
 * 2410.10347) samples the expectation; the sum is exact to four digits, and the same every time.
 */
import { normalCdf } from '../normal.ts'

/** The best of a set. */
export interface Highest {
  /** Its expectation; −∞ of an empty set. */
  readonly value: number
  /** At each node, the probability that all members are below. */
  readonly below: Float64Array
}

export interface Qualities {
  /** The best of what is known for certain; −∞ where nothing is. */
  readonly nothing: Highest
  /** E[max] of the set and one more. */
  valueWith(set: Highest, member: number): number
  with(set: Highest, member: number): Highest
}

/** Panels of the integral end at these distances from each mean, in its deviations: between them nothing bends. */
const ENDS = [-6, -3.5, -2, -1, 0, 1, 2, 3.5, 6]
/** Gauss–Legendre on [−1, 1], three nodes: abscissae and weights. */
const GAUSS = [
  [-Math.sqrt(0.6), 5 / 9],
  [0, 8 / 9],
  [Math.sqrt(0.6), 5 / 9],
] as const

/** @param floor the highest quality that is certain, −∞ where none is. A deviation may be 0. */
export function createQualities(means: readonly number[], stds: readonly number[], floor: number): Qualities {
  const { nodes, weights } = panels(means, stds, floor)
  const belows = means.map((mean, m) => nodes.map((x) => cdf(x, mean, stds[m]!)))
  const aboves = belows.map((below) => below.map((p, i) => weights[i]! * (1 - p)))

  function valueWith({ value, below }: Highest, member: number): number {
    if (value === Number.NEGATIVE_INFINITY) return means[member]!
    const above = aboves[member]!
    let gain = 0
    for (let i = 0; i < below.length; i++) gain += below[i]! * above[i]!
    return value + gain
  }
  return {
    nothing: { value: floor, below: new Float64Array(nodes.length).fill(1) },
    valueWith,
    with(set, member) {
      const own = belows[member]!
      return { value: valueWith(set, member), below: set.below.map((p, i) => p * own[i]!) }
    },
  }
}

function panels(means: readonly number[], stds: readonly number[], floor: number) {
  const ends = new Set(means.flatMap((mean, m) => ENDS.map((end) => Math.max(floor, mean + end * stds[m]!))))
  if (floor > Number.NEGATIVE_INFINITY) ends.add(floor)
  const sorted = Float64Array.from(ends).sort()
  const size = GAUSS.length * Math.max(0, sorted.length - 1)
  const nodes = new Float64Array(size)
  const weights = new Float64Array(size)
  for (let panel = 0; panel + 1 < sorted.length; panel++) {
    const half = (sorted[panel + 1]! - sorted[panel]!) / 2
    for (const [k, [abscissa, weight]] of GAUSS.entries()) {
      nodes[GAUSS.length * panel + k] = sorted[panel]! + half * (1 + abscissa)
      weights[GAUSS.length * panel + k] = half * weight
    }
  }
  return { nodes, weights }
}

function cdf(x: number, mean: number, std: number): number {
  const reach = ENDS.at(-1)! * std
  if (x - mean >= reach) return 1
  return mean - x > reach ? 0 : normalCdf((x - mean) / std)
}
