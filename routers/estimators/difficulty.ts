/**
 * Item response theory with a linear item side (IRT-Router, arXiv 2506.01048; 2PL of Birnbaum): quality = σ(slope_m · (ability_m − difficulty(query))),
 * difficulty linear in features and vector. One number per query orders all candidates, so that a candidate never seen needs one number
 * too: its ability, taken from its prior quality.
 */
import type { EstimatorFamily } from '../../src/spec.ts'
import { type Frame, fitFrame, loadFrame, saveFrame } from '../frame.ts'
import { dotRow, logitOfMean, sampleRows, sigmoid } from '../math.ts'
import { fitResponse, responseLoss } from '../response.ts'
import { f64, readF64, readNumber } from '../state.ts'

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
    const frame = fitFrame(data)
    const { n, m, x, width, ridge } = frame
    const input = { x, width, quality: data.quality, m, spectrum: ridge.spectrum() }
    const held = new Set(sampleRows(n, Math.floor(n * heldOut), random))
    const all = Array.from({ length: n }, (_, i) => i)
    const kept = all.filter((i) => !held.has(i))
    const losses = penalties.map((penalty) =>
      held.size === 0 ? -penalty : responseLoss(fitResponse(input, kept, penalty), input, [...held]),
    )
    const penalty = penalties[losses.indexOf(Math.min(...losses))] ?? 100
    const { weights, ability, slope } = fitResponse(input, all, penalty)
    const { variance, featureShare } = spread(weights, frame)
    // In logits the noise of one outcome is about 1 / (p (1 − p)) ≥ 4, spread over the outcomes of its row.
    const saved = saveFrame(frame, data, { penalty, featureShare, pseudoCount })
    return {
      params: { ...saved.params, variance },
      tensors: { ...saved.tensors, weights: f64(weights), ability: f64(ability), slope: f64(slope) },
    }
  },

  load(state, ids) {
    const m = ids.length
    const frame = loadFrame(state, ids)
    const weights = readF64(state, 'weights', [frame.width])
    const ability = readF64(state, 'ability', [m])
    const slope = readF64(state, 'slope', [m])
    const variance = readNumber(state, 'variance')

    return {
      name: 'difficulty',
      estimate(query, candidates) {
        const { columns, ...prediction } = frame.means.estimate(candidates)
        if (frame.rows === 0) return { ...prediction, support: 0 }
        const { row, leverage, support } = frame.place(query)
        const hardness = dotRow(weights, 0, frame.width, row)
        for (const [i, c] of columns.entries()) {
          if (c < 0) {
            // A slope of 1, and the ability at which the mean over the queries is the prior.
            prediction.quality[i] = sigmoid(logitOfMean(prediction.quality[i]!, variance) - hardness)
            continue
          }
          const quality = sigmoid(slope[c]! * (ability[c]! - hardness))
          prediction.quality[i] = quality
          // Two errors: that of the candidate's own level, and that of the difficulty, seen through the curve's slope.
          const curve = quality * (1 - quality) * slope[c]!
          prediction.qualityStd[i] = Math.sqrt(prediction.qualityStd[i]! ** 2 + curve * curve * leverage)
          prediction.outputTokens[i] = frame.tokens(c, row) ?? prediction.outputTokens[i]!
        }
        return { ...prediction, support }
      },
    }
  },
}

/** Variance of the difficulty over the training rows, and the share of it that features carry. */
function spread(weights: Float64Array, { x, features, width }: Frame) {
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
