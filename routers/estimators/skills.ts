/**
 * A profile of skills per candidate (Symbolic-MoE, arXiv 2503.05641): a query asks for several skills, each to a degree, and a candidate is as good at it as at
 * these skills. The paper has a language model name the skills of a query; here they are regions of the queries, found by k-means, and a query asks for
 * those near it. Profiles are estimated together, by ridge regression on the degrees, which shrinks them toward the candidate's mean; how
 * many skills there are and how many a query asks for is what predicts the differences between candidates best, by generalised cross-validation.
 */
import type { EstimatorFamily } from '../../src/spec.ts'
import { fitFamiliarity, loadFamiliarity } from '../familiarity.ts'
import { distancesTo, kmeans } from '../kmeans.ts'
import { fitLeverage, leverageOf, loadLeverage, saveLeverage } from '../leverage.ts'
import { differences } from '../loss.ts'
import { clamp, pickRows, sampleRows } from '../math.ts'
import { fitMeans, loadMeans } from '../means.ts'
import { loadPartition, savePartition, soften } from '../partition.ts'
import { createRidge, predictRidge } from '../ridge.ts'
import { blockWeights, fitSpace, weighBlocks } from '../space.ts'
import { f64, readF64, readNumber } from '../state.ts'
import { loadTokens, tokenHeads } from '../tokens.ts'

export interface SkillsOptions {
  /** Numbers of skills to choose from. */
  readonly skills: readonly number[]
  /** Principal directions of the training vectors that are kept. */
  readonly rank: number
  /** Training rows that the skills are found on and the choice is made on. */
  readonly tuneRows: number
  /** Strength of the candidates' own means, in outcomes; see `fitMeans`. */
  readonly pseudoCount: number
}

/** In units of the mean squared distance to the nearest skill: a skill that is so much farther is asked for 1/e as much. */
const SOFTNESSES = [0.2, 0.6, 2]

export const skills: EstimatorFamily<SkillsOptions> = {
  name: 'skills',
  version: 1,
  defaults: { skills: [16, 64], rank: 64, tuneRows: 2000, pseudoCount: 5 },

  fit(data, options, random) {
    const n = data.queries.length
    const m = data.candidates.length
    const { space, rows } = fitSpace(data.queries, options.rank)
    const { width } = space
    const sample = sampleRows(n, options.tuneRows, random)
    const tried = { rows: pickRows(rows, sample, width), quality: pickRows(data.quality, sample, m) }
    let best: (Regions & { readonly loss: number }) | undefined
    for (const featureWeight of blockWeights(space)) {
      const points = weighBlocks(Float32Array.from(tried.rows), space, featureWeight)
      for (const clusters of options.skills) {
        const found = kmeans({ rows: points, n: sample.length, width }, { clusters, restarts: 1, random })
        for (const softness of SOFTNESSES) {
          const regions = { centroids: found.centroids, featureWeight, bandwidth: softness * found.inertia }
          const { loss } = fitProfiles(regions, points, tried.quality, m).profiles
          if (best === undefined || loss < best.loss) best = { ...regions, loss }
        }
      }
    }
    if (best === undefined) throw new RangeError('the estimator skills needs a number of skills')
    const points = weighBlocks(Float32Array.from(rows), space, best.featureWeight)
    const { size, degrees, centre, scale, ridge, profiles } = fitProfiles(best, points, data.quality, m)
    const saved = savePartition(space, best)
    const leverage = fitLeverage(ridge.spectrum(), n, profiles.penalty)
    const spread = saveLeverage(leverage, size)
    return {
      params: { ...saved.params, ...spread.params, scale },
      tensors: {
        ...saved.tensors,
        ...tokenHeads(ridge, data.outputTokens, degrees, { n, m, width: size }),
        means: fitMeans(data, options.pseudoCount),
        centre: f64(centre),
        profiles: f64(profiles.weights, [m, 1 + size]),
        residualStd: f64(profiles.residualStd),
        leverage: spread.tensor,
        support: fitFamiliarity(data.queries.map(loadPartition(saved).locate)),
      },
    }
  },

  load(state, ids) {
    const m = ids.length
    const means = loadMeans(state, ids)
    const { clusters, featureWeight, locate } = loadPartition(state)
    const centre = readF64(state, 'centre', [clusters])
    const scale = readNumber(state, 'scale')
    const profiles = readF64(state, 'profiles', [m, 1 + clusters])
    const residualStd = readF64(state, 'residualStd', [m])
    const leverage = loadLeverage(state, clusters)
    const tokens = loadTokens(state, m, clusters)
    const supportOf = loadFamiliarity(state, featureWeight)

    return {
      name: 'skills',
      estimate(query, candidates) {
        const { columns, ...prediction } = means.estimate(candidates)
        const place = locate(query)
        if (place.nearest < 0 || (!place.hasVector && featureWeight === 0)) return { ...prediction, support: 0 }
        const degrees = place.weights.map((weight, k) => (weight - centre[k]!) * scale)
        const h = leverageOf(leverage, degrees)
        for (const [i, c] of columns.entries()) {
          if (c < 0) continue
          prediction.quality[i] = clamp(predictRidge(profiles, c, degrees), 0, 1)
          // The factorisation covers all rows; a candidate seen on fewer of them is known less well in proportion.
          prediction.qualityStd[i] = residualStd[c]! * Math.sqrt(h * (leverage.rows / means.rows[c]!))
          prediction.outputTokens[i] = tokens(c, degrees) ?? prediction.outputTokens[i]!
        }
        return { ...prediction, support: supportOf(place) }
      },
    }
  },
}

interface Regions {
  /** Row-major [skills, width], the blocks weighed. */
  readonly centroids: Float32Array
  readonly featureWeight: number
  readonly bandwidth: number
}

/** `points` are rows of the space, the blocks weighed. */
function fitProfiles({ centroids, bandwidth }: Regions, points: Float32Array, quality: Float64Array, m: number) {
  const n = quality.length / m
  const width = points.length / (n || 1)
  const size = centroids.length / (width || 1)
  const distances = distancesTo(centroids, width)
  const degrees = new Float64Array(n * size)
  for (let i = 0; i < n; i++) {
    degrees.set(soften(distances(Float64Array.from(points.subarray(i * width, (i + 1) * width))), bandwidth), i * size)
  }
  const centre = new Float64Array(size)
  for (const [at, degree] of degrees.entries()) centre[at % size]! += degree / n
  let variance = 0
  for (let at = 0; at < degrees.length; at++) {
    degrees[at]! -= centre[at % size]!
    variance += degrees[at]! ** 2 / n
  }
  // The penalties of `createRidge` are made for rows of total variance 2.
  const scale = variance > 1e-12 ? Math.sqrt(2 / variance) : 0
  for (let at = 0; at < degrees.length; at++) degrees[at]! *= scale
  const ridge = createRidge(degrees, n, size)
  return { size, degrees, centre, scale, ridge, profiles: ridge.solve(quality, m, differences(quality, m)) }
}
