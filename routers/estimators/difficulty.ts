/**
 * Item response theory with a linear item side (IRT-Router, arXiv 2506.01048; 2PL of Birnbaum): quality = σ(slope_m · (ability_m − difficulty(query))),
 * difficulty linear in features and vector. One number per query orders all candidates, so that a candidate never seen needs one number
 * too: its ability, taken from its prior quality.
 */
import type { EstimatorFamily } from '../../src/spec.ts'
import { encodeQueries, encodeQuery, fitDesign, loadDesign, saveDesign } from '../design.ts'
import { fitLeverage, leverageOf, loadLeverage, saveLeverage, trainingCloseness } from '../leverage.ts'
import { dotRow, logit, sampleRows, sigmoid } from '../math.ts'
import { fitMeans, loadMeans } from '../means.ts'
import { fitResponse, responseLoss } from '../response.ts'
import { createRidge } from '../ridge.ts'
import { f64, readF64, readNumber } from '../state.ts'
import { SUPPORT_POINTS, supportOf, supportReference } from '../support.ts'
import { loadTokens, tokenHeads } from '../tokens.ts'

export interface DifficultyOptions {
  /** Penalties on the weights of difficulty to choose from, on a held-out part of the rows. */
  readonly penalties: readonly number[]
  /** Share of the rows held out for that choice. */
  readonly heldOut: number
  /** Strength of the candidates' own means, in outcomes; see `fitMeans`. */
  readonly pseudoCount: number
}

export const difficulty: EstimatorFamily<DifficultyOptions> = {
  name: 'difficulty',
  version: 1,
  defaults: { penalties: [3, 10, 30, 100], heldOut: 0.25, pseudoCount: 5 },

  fit(data, { penalties, heldOut, pseudoCount }, random) {
    const n = data.queries.length
    const m = data.candidates.length
    const design = fitDesign(data.queries)
    const { width } = design
    const x = encodeQueries(design, data.queries)
    const ridge = createRidge(x, n, width)
    const spectrum = ridge.spectrum()
    const input = { x, width, quality: data.quality, m, spectrum }
    const held = new Set(sampleRows(n, Math.floor(n * heldOut), random))
    const all = Array.from({ length: n }, (_, i) => i)
    const kept = all.filter((i) => !held.has(i))
    const losses = penalties.map((penalty) =>
      held.size === 0 ? -penalty : responseLoss(fitResponse(input, kept, penalty), input, [...held]),
    )
    const penalty = penalties[losses.indexOf(Math.min(...losses))] ?? 100
    const response = fitResponse(input, all, penalty)
    // In logits the noise of one outcome is about 1 / (p (1 − p)) ≥ 4, spread over the outcomes of its row.
    const leverage = fitLeverage(spectrum, n, penalty)
    const saved = { design: saveDesign(design), leverage: saveLeverage(leverage, width) }
    return {
      params: { ...saved.design.params, ...saved.leverage.params, ...spread(response.weights, x, design) },
      tensors: {
        ...saved.design.tensors,
        ...tokenHeads(ridge, data.outputTokens, x, { n, m, width }),
        means: fitMeans(data, pseudoCount),
        weights: f64(response.weights),
        ability: f64(response.ability),
        slope: f64(response.slope),
        leverage: saved.leverage.tensor,
        support: f64(supportReference(trainingCloseness(leverage, x, width))),
      },
    }
  },

  load(state, ids) {
    const m = ids.length
    const design = loadDesign(state)
    const means = loadMeans(state, ids)
    const weights = readF64(state, 'weights', [design.width])
    const ability = readF64(state, 'ability', [m])
    const slope = readF64(state, 'slope', [m])
    const leverage = loadLeverage(state, design.width)
    const tokens = loadTokens(state, m, design.width)
    const reference = readF64(state, 'support', [SUPPORT_POINTS])
    const share = readNumber(state, 'featureShare')
    // The mean of σ(a − b) over a normal b is about σ(a / √(1 + π/8 · variance)) (MacKay 1992): inverted, the ability whose mean is the prior.
    const stretch = Math.sqrt(1 + (Math.PI / 8) * readNumber(state, 'variance'))
    const row = new Float64Array(design.width)

    return {
      name: 'difficulty',
      estimate(query, candidates) {
        const { columns, ...prediction } = means.estimate(candidates)
        if (leverage.rows === 0) return { ...prediction, support: 0 }
        const hasVector = encodeQuery(design, query, row)
        const hardness = dotRow(weights, 0, design.width, row)
        const h = leverageOf(leverage, row)
        for (const [i, c] of columns.entries()) {
          if (c < 0) {
            prediction.quality[i] = sigmoid(stretch * logit(prediction.quality[i]!) - hardness)
            continue
          }
          const quality = sigmoid(slope[c]! * (ability[c]! - hardness))
          prediction.quality[i] = quality
          // Two errors: that of the candidate's own level, and that of the difficulty, seen through the curve's slope.
          const curve = quality * (1 - quality) * slope[c]!
          prediction.qualityStd[i] = Math.sqrt(prediction.qualityStd[i]! ** 2 + curve * curve * h)
          prediction.outputTokens[i] = tokens(c, row) ?? prediction.outputTokens[i]!
        }
        return { ...prediction, support: supportOf(-h, reference) * (hasVector || design.dim === 0 ? 1 : share) }
      },
    }
  },
}

/** Variance of the difficulty over the training rows, and the share of it that features carry. */
function spread(weights: Float64Array, x: Float64Array, { features, width }: { features: number; width: number }) {
  let own = 0
  let rest = 0
  let total = 0
  for (let start = 0; start < x.length; start += width) {
    let part = 0
    let other = 0
    for (let j = 0; j < width; j++) {
      if (j < features) part += weights[j]! * x[start + j]!
      else other += weights[j]! * x[start + j]!
    }
    own += part * part
    rest += other * other
    total += (part + other) ** 2
  }
  return { variance: (total * width) / (x.length || 1), featureShare: own / (own + rest || 1) }
}
