/**
 * Quality without labels, from how far the candidates' answers agree: Smoothie (arXiv 2412.04692). Answers λ are vectors that scatter about the unseen right
 * one, y, each independently of the others; then E‖λᵢ − λⱼ‖² = E‖λᵢ − y‖² + E‖λⱼ − y‖², and three candidates give the error of one,
 *
 *     E‖λᵢ − y‖² = ½ (E‖λᵢ − λⱼ‖² + E‖λᵢ − λₖ‖² − E‖λⱼ − λₖ‖²),
 *
 * averaged over all pairs (j, k) of the others. The paper ranks by θᵢ = d / (2 E‖λᵢ − y‖²), which has no upper end. Quality here falls as θ does and lies in
 * [0, 1]: 1 − E‖λᵢ − y‖² / V, where V is the variance of answers over queries, is 1 for the right answer and 0 for one that has no more to do with
 * it than an answer to another query; what is farther off counts 0. It ranks candidates; how often they are right it does not know.
 *
 * Expectations are taken over the neighbours of a query among the training queries (the paper's Smoothie-Train), shrunk toward the candidate's mean over
 * all of them where these say little, by `knn`. As the identity is linear in the distances, it is applied to each training query first.
 * No quality is ever looked at. What agrees without being right, as candidates of one family may, it takes for right.
 */
import type { EstimatorFamily, TrainingSet } from '../../src/spec.ts'
import { clamp } from '../math.ts'
import { type KnnOptions, knn } from './knn.ts'

export const agreement: EstimatorFamily<KnnOptions> = {
  name: 'agreement',
  version: knn.version,
  needs: 'answers',
  defaults: knn.defaults,

  fit(data, options, random) {
    return knn.fit({ ...data, quality: agreedQuality(data) }, options, random)
  },

  load(state, ids) {
    return { ...knn.load(state, ids), name: 'agreement' }
  },
}

/**
 * Row-major [queries, candidates]: 1 − squared error / variance of the answers, by the triplet identity on one query, in [0, 1]. NaN where an answer is
 * not known or fewer than three of its query are. Throws a `RangeError` for queries of which none has three, and for vectors of different lengths.
 */
export function agreedQuality({ queries, candidates, answers }: Omit<TrainingSet, 'quality' | 'outputTokens'>) {
  const m = candidates.length
  const quality = new Float64Array(queries.length * m).fill(Number.NaN)
  if (queries.length === 0) return quality
  if (!answers) throw new RangeError('agreement learns from what the candidates answered, and no answers are given')
  const rows = queries.map((_, i) => scatterOf(answers.slice(i * m, (i + 1) * m)))
  if (!rows.some(({ count }) => count >= 3))
    throw new RangeError('agreement learns from three or more answers to a query, and no query has as many')
  const dim = answers.find((answer) => answer !== null)?.length ?? 0
  if (answers.some((answer) => answer !== null && answer.length !== dim))
    throw new RangeError(
      'agreement compares the vectors of answers, and some differ in length; embed all by one encoder',
    )

  const columns = Array.from({ length: m }, (_, c) => scatterOf(answers.filter((_, at) => at % m === c)))
  const varied = columns.filter(({ count }) => count > 1)
  const variance = varied.reduce((sum, { squares, count }) => sum + squares / (count - 1), 0) / varied.length
  if (!(variance > 0)) return quality
  for (const [at, answer] of answers.entries()) {
    const { mean, squares, count } = rows[Math.floor(at / m)]!
    if (answer === null || count < 3) continue
    // What the mean over all pairs of the other count − 1 candidates comes to.
    const error = (count * squaredDistance(answer, mean) - squares / (count - 1)) / (count - 2)
    quality[at] = clamp(1 - error / variance, 0, 1)
  }
  return quality
}

/** Of those that are known: their mean, and the sum of their squared distances from it. */
function scatterOf(answers: readonly (Float32Array | null)[]) {
  const known = answers.filter((answer) => answer !== null)
  const mean = new Float64Array(known[0]?.length ?? 0)
  for (const answer of known) for (let j = 0; j < mean.length; j++) mean[j]! += answer[j]! / known.length
  return { mean, squares: known.reduce((sum, answer) => sum + squaredDistance(answer, mean), 0), count: known.length }
}

function squaredDistance(answer: Float32Array, mean: Float64Array): number {
  let sum = 0
  for (let j = 0; j < mean.length; j++) sum += (answer[j]! - mean[j]!) ** 2
  return sum
}
