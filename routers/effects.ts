/**
 * Outcomes grouped by cluster as a sum of random effects: outcome = level(candidate) + shared(cluster) + specific(cluster, candidate) + noise. Solved by
 * backfitting; how strongly the effects of clusters are shrunk toward 0 is what makes the clusters' means most likely (empirical Bayes).
 */
import type { EstimatorState } from '../src/spec.ts'
import { f64, readF64, readNumber } from './state.ts'

export interface Effects {
  /** Per candidate; the mean of the others where nothing is known of it. */
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

export interface EffectOptions {
  readonly clusters: number
  /** Levels are shrunk toward the mean of all candidates as if so many outcomes of it had been seen. */
  readonly pseudoCount: number
}

export function fitEffects(grouped: Grouped, options: EffectOptions): Effects {
  return solve(grouped, options)
}

/** The effects with candidates that come later beside the others, all else as it was fitted. `grouped` is about the new ones alone. */
export function addCandidates(effects: Effects, grouped: Grouped, pseudoCount: number): Effects {
  const clusters = effects.shared.length
  const added = solve(grouped, { clusters, pseudoCount }, effects)
  return {
    ...effects,
    level: Float64Array.of(...effects.level, ...added.level),
    specific: beside(effects.specific, added.specific, clusters),
    specificVariance: beside(effects.specificVariance, added.specificVariance, clusters),
  }
}

/** With `known` only levels and `specific` are solved for, by its strength. */
function solve({ outcomes, m, owner }: Grouped, { clusters, pseudoCount }: EffectOptions, known?: Effects): Effects {
  const level = new Float64Array(m)
  const clusterOf = (at: number) => owner[Math.floor(at / m)]!
  const cells = Int32Array.from(outcomes, (_, at) => clusterOf(at) * m + (at % m))
  let shared = {
    effect: known?.shared ?? new Float64Array(clusters),
    variance: known?.sharedVariance ?? new Float64Array(clusters),
  }
  let specific = shrinkGroups(new Float64Array(outcomes.length).fill(Number.NaN), cells, clusters * m)
  for (let round = 0; round < ROUNDS; round++) {
    const sums = new Float64Array(m)
    const counts = new Float64Array(m)
    for (const [at, outcome] of outcomes.entries()) {
      if (Number.isNaN(outcome)) continue
      sums[at % m]! += outcome - shared.effect[clusterOf(at)]! - specific.effect[cells[at]!]!
      counts[at % m]! += 1
    }
    const pool = average(known?.level ?? sums.map((sum, c) => sum / counts[c]!)) || 0
    for (let c = 0; c < m; c++) level[c] = (sums[c]! + pseudoCount * pool) / (counts[c]! + pseudoCount || 1)

    if (!known) {
      const left = outcomes.map((outcome, at) => outcome - level[at % m]! - specific.effect[cells[at]!]!)
      // The outcomes of one row are no independent evidence of what all candidates share: a row counts once.
      const rows = Float64Array.from(owner, (_, i) => average(left.subarray(i * m, (i + 1) * m)))
      shared = shrinkGroups(rows, owner, clusters)
    }
    const left = outcomes.map((outcome, at) => outcome - level[at % m]! - shared.effect[clusterOf(at)]!)
    specific = shrinkGroups(left, cells, clusters * m, known)
  }
  const { strength, noise } = specific
  return {
    level,
    shared: shared.effect,
    sharedVariance: shared.variance,
    specific: specific.effect,
    specificVariance: specific.variance,
    strength,
    noise,
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

/**
 * The mean of each group of values, NaN left out, shrunk toward 0, and the variance of its error. Where strength and noise are not given they are
 * estimated: the noise within groups, and the strength under which means that are normal about 0 are most likely.
 */
function shrinkGroups(
  values: Float64Array,
  groupOf: Int32Array,
  groups: number,
  given?: { readonly strength: number; readonly noise: number },
) {
  const sums = new Float64Array(groups)
  const counts = new Float64Array(groups)
  let squares = 0
  let total = 0
  for (const [at, value] of values.entries()) {
    if (Number.isNaN(value)) continue
    sums[groupOf[at]!]! += value
    counts[groupOf[at]!]! += 1
    squares += value * value
    total += 1
  }
  const explained = sums.reduce((sum, own, g) => (counts[g] === 0 ? sum : sum + own ** 2 / counts[g]!), 0)
  const freedom = total - counts.filter((count) => count > 0).length
  const noise = given?.noise ?? (freedom > 0 ? Math.max(0, squares - explained) / freedom : squares / (total || 1))
  const strength = given?.strength ?? strengthOf(sums, counts, noise)
  return {
    effect: sums.map((sum, g) => sum / (counts[g]! + strength)),
    variance: counts.map((count) => noise / (count + strength)),
    strength,
    noise,
  }
}

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

/** Of the entries that are known; NaN without any. */
function average(values: Float64Array): number {
  let sum = 0
  let count = 0
  for (const value of values) {
    if (Number.isNaN(value)) continue
    sum += value
    count += 1
  }
  return sum / count
}
