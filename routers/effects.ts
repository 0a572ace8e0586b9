/**
 * Outcomes grouped by cluster as a sum of random effects: outcome = level(candidate) + shared(cluster) + specific(cluster, candidate) + what the
 * candidates have in common on this very row + noise. Solved by backfitting, which converges to the best linear predictor (Robinson 1991, "That
 * BLUP is a good thing"); how strongly the effects of clusters are shrunk toward 0 is what makes the clusters' means most likely (empirical Bayes).
 */
import type { EstimatorState } from '../src/spec.ts'
import { clamp } from './math.ts'
import { f64, readF64, readNumber } from './state.ts'

export interface Effects {
  /** Per candidate; 0 where nothing is known of it. */
  readonly level: Float64Array
  /** Per cluster: how much better all candidates do there. */
  readonly shared: Float64Array
  /** [clusters, candidates]. */
  readonly specific: Float64Array
  /** Variances of the errors of `shared` and `specific`. */
  readonly sharedVariance: Float64Array
  readonly specificVariance: Float64Array
  /**
   * Of `specific`, in outcomes: an effect seen on as many is half believed; and the variance of one outcome about its prediction. By these
   * candidates that come later are judged.
   */
  readonly strength: number
  readonly noise: number
}

export interface Grouped {
  /** Row-major [n, m]; NaN = not known. */
  readonly outcomes: Float64Array
  readonly m: number
  /** Cluster of each row. */
  readonly owner: Int32Array
}

const ROUNDS = 4
/** The last is as good as infinite: the groups differ by no more than noise. */
const STRENGTHS = [...Array.from({ length: 12 }, (_, i) => 2 ** i), 1e9]

/** Levels are shrunk toward the mean of all candidates as if `pseudoCount` outcomes of it had been seen. */
export function fitEffects(
  { outcomes, m, owner }: Grouped,
  { clusters, pseudoCount }: { clusters: number; pseudoCount: number },
): Effects {
  const n = owner.length
  const level = new Float64Array(m)
  const shared = new Float64Array(clusters)
  const specific = new Float64Array(clusters * m)
  const common = new Float64Array(n)
  const count = new Float64Array(clusters * m)
  const weight = new Float64Array(clusters)
  let correlation = 0
  let noise = 0
  let sharedStrength = Number.POSITIVE_INFINITY
  let specificStrength = Number.POSITIVE_INFINITY
  const residual = (i: number, c: number) => {
    const k = owner[i]!
    return outcomes[i * m + c]! - level[c]! - shared[k]! - specific[k * m + c]! - common[i]!
  }
  const each = (visit: (i: number, c: number, k: number) => void) => {
    for (let i = 0; i < n; i++)
      for (let c = 0; c < m; c++) if (!Number.isNaN(outcomes[i * m + c]!)) visit(i, c, owner[i]!)
  }
  each((_, c, k) => {
    count[k * m + c]! += 1
  })
  const known = Array.from({ length: m }, (_, c) => sumOver(clusters, (k) => count[k * m + c]!))
  const perRow = Float64Array.from({ length: n }, (_, i) => {
    return sumOver(m, (c) => (Number.isNaN(outcomes[i * m + c]!) ? 0 : 1))
  })

  for (let round = 0; round < ROUNDS; round++) {
    const sum = new Float64Array(m)
    each((i, c) => {
      sum[c]! += residual(i, c) + level[c]!
    })
    const pool = average(sum.map((value, c) => value / known[c]!))
    for (let c = 0; c < m; c++) level[c] = (sum[c]! + pseudoCount * pool) / (known[c]! + pseudoCount || 1)

    // Outcomes of one row are correlated: n of them are worth n / (1 + (n − 1) · correlation) of different rows.
    const sums = new Float64Array(clusters)
    weight.fill(0)
    for (let i = 0; i < n; i++) {
      if (perRow[i] === 0) continue
      const k = owner[i]!
      let left = 0
      for (let c = 0; c < m; c++) {
        const value = residual(i, c)
        if (!Number.isNaN(value)) left += value + common[i]! + shared[k]!
      }
      const worth = perRow[i]! / (1 + (perRow[i]! - 1) * correlation)
      sums[k]! += (worth * left) / perRow[i]!
      weight[k]! += worth
    }
    const total = variance(each, residual, common)
    noise = total.noise
    correlation = total.correlation
    sharedStrength = strengthOf(sums, weight, noise)
    for (let k = 0; k < clusters; k++) shared[k] = shrunk(sums[k]!, weight[k]!, sharedStrength)

    common.fill(0)
    const rest = new Float64Array(n)
    each((i, c) => {
      rest[i]! += residual(i, c)
    })
    for (let i = 0; i < n; i++) common[i] = (correlation * rest[i]!) / (1 + (perRow[i]! - 1) * correlation)

    const own = new Float64Array(clusters * m)
    each((i, c, k) => {
      own[k * m + c]! += residual(i, c) + specific[k * m + c]!
    })
    specificStrength = strengthOf(own, count, noise * (1 - correlation))
    for (let at = 0; at < own.length; at++) specific[at] = shrunk(own[at]!, count[at]!, specificStrength)
  }
  const specificNoise = noise * (1 - correlation)
  return {
    level,
    shared,
    specific,
    sharedVariance: weight.map((known) => noise / (known + sharedStrength)),
    specificVariance: count.map((known) => specificNoise / (known + specificStrength)),
    strength: specificStrength,
    noise: specificNoise,
  }
}

/** The effects with candidates that come later beside the others, all else as it was fitted. `outcomes` are theirs alone, `m` their number. */
export function addCandidates(effects: Effects, { outcomes, m, owner }: Grouped, pseudoCount: number): Effects {
  const { shared, strength, noise } = effects
  const clusters = shared.length
  const pool = average(effects.level)
  const level = new Float64Array(m)
  const specific = new Float64Array(clusters * m)
  const count = new Float64Array(clusters * m)
  for (let c = 0; c < m; c++) {
    const known = [...owner.keys()].filter((i) => !Number.isNaN(outcomes[i * m + c]!))
    for (const i of known) count[owner[i]! * m + c]! += 1
    for (let round = 0; round < ROUNDS; round++) {
      const left = known.map((i) => outcomes[i * m + c]! - shared[owner[i]!]!)
      const unexplained = sumOver(known.length, (r) => left[r]! - specific[owner[known[r]!]! * m + c]!)
      level[c] = (unexplained + pseudoCount * pool) / (known.length + pseudoCount || 1)
      const sums = new Float64Array(clusters)
      for (const [r, i] of known.entries()) sums[owner[i]!]! += left[r]! - level[c]!
      for (let k = 0; k < clusters; k++) specific[k * m + c] = shrunk(sums[k]!, count[k * m + c]!, strength)
    }
  }
  return {
    ...effects,
    level: Float64Array.of(...effects.level, ...level),
    specific: beside(effects.specific, specific, clusters),
    specificVariance: beside(
      effects.specificVariance,
      count.map((known) => noise / (known + strength)),
      clusters,
    ),
  }
}

/** Two row-major matrices of `rows` rows as one. */
export function beside(left: Float64Array, right: Float64Array, rows: number): Float64Array {
  const [a, b] = [left.length / rows, right.length / rows]
  const joined = new Float64Array(left.length + right.length)
  for (let r = 0; r < rows; r++) {
    joined.set(left.subarray(r * a, (r + 1) * a), r * (a + b))
    joined.set(right.subarray(r * b, (r + 1) * b), r * (a + b) + a)
  }
  return joined
}

/** The mixture of the clusters' effects by weights of sum 1; errors of different clusters are independent. */
export function blendEffects(effects: Effects, weights: Float64Array) {
  const m = effects.level.length
  const specific = new Float64Array(m)
  const variance = new Float64Array(m)
  let shared = 0
  let sharedVariance = 0
  for (const [k, weight] of weights.entries()) {
    if (weight < 1e-6) continue
    shared += weight * effects.shared[k]!
    sharedVariance += weight * weight * effects.sharedVariance[k]!
    for (let c = 0; c < m; c++) {
      specific[c]! += weight * effects.specific[k * m + c]!
      variance[c]! += weight * weight * effects.specificVariance[k * m + c]!
    }
  }
  return { shared, specific, variance: variance.map((value) => value + sharedVariance) }
}

/** Params and tensors whose names begin with `name`. */
export function saveEffects(name: string, effects: Effects): EstimatorState {
  const { level, shared, specific, strength, noise } = effects
  const shape = [shared.length, level.length]
  return {
    params: { [`${name}Strength`]: strength, [`${name}Noise`]: noise },
    tensors: {
      [`${name}Level`]: f64(level),
      [`${name}Shared`]: f64(shared),
      [`${name}SharedVariance`]: f64(effects.sharedVariance),
      [`${name}Specific`]: f64(specific, shape),
      [`${name}SpecificVariance`]: f64(effects.specificVariance, shape),
    },
  }
}

export function loadEffects(state: EstimatorState, name: string, clusters: number, m: number): Effects {
  return {
    level: readF64(state, `${name}Level`, [m]),
    shared: readF64(state, `${name}Shared`, [clusters]),
    sharedVariance: readF64(state, `${name}SharedVariance`, [clusters]),
    specific: readF64(state, `${name}Specific`, [clusters, m]),
    specificVariance: readF64(state, `${name}SpecificVariance`, [clusters, m]),
    strength: readNumber(state, `${name}Strength`),
    noise: readNumber(state, `${name}Noise`),
  }
}

/** The mean of `count` values of sum `sum` in the presence of `strength` values of 0. */
function shrunk(sum: number, count: number, strength: number): number {
  return count === 0 ? 0 : sum / (count + strength)
}

/** Variance of what clusters and candidates leave unexplained, and the share of it that the outcomes of one row have in common. */
function variance(
  each: (visit: (i: number, c: number, k: number) => void) => void,
  residual: (i: number, c: number) => number,
  common: Float64Array,
) {
  const sum = new Float64Array(common.length)
  const squares = new Float64Array(common.length)
  const count = new Float64Array(common.length)
  each((i, c) => {
    const value = residual(i, c) + common[i]!
    sum[i]! += value
    squares[i]! += value * value
    count[i]! += 1
  })
  let products = 0
  let total = 0
  let pairs = 0
  let values = 0
  for (let i = 0; i < sum.length; i++) {
    products += sum[i]! ** 2 - squares[i]!
    pairs += (count[i]! - 1) * squares[i]!
    total += squares[i]!
    values += count[i]!
  }
  return { noise: total / (values || 1), correlation: clamp(products / (pairs || 1), 0, 0.95) }
}

/** The strength under which group means of `sums[g] / counts[g]`, normal about 0, are most likely; `noise` is the variance of one value. */
function strengthOf(sums: Float64Array, counts: Float64Array, noise: number): number {
  if (!(noise > 0)) return STRENGTHS[0]!
  const losses = STRENGTHS.map((strength) => {
    let loss = 0
    for (let g = 0; g < sums.length; g++) {
      if (counts[g] === 0) continue
      const spread = noise * (1 / counts[g]! + 1 / strength)
      loss += Math.log(spread) + (sums[g]! / counts[g]!) ** 2 / spread
    }
    return loss
  })
  return STRENGTHS[losses.indexOf(Math.min(...losses))]!
}

/** Of the entries that are known; 0 without any. */
function average(values: Float64Array): number {
  const known = values.filter((value) => !Number.isNaN(value))
  return known.reduce((sum, value) => sum + value, 0) / (known.length || 1)
}

function sumOver(length: number, value: (index: number) => number): number {
  let sum = 0
  for (let index = 0; index < length; index++) sum += value(index)
  return sum
}
