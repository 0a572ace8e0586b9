/** Ridge heads on features and vector for quality and for the logarithm of output tokens: the plug-in estimator of CARROT (arXiv 2502.03261). */
import type { EstimatorFamily } from '../../src/spec.ts'
import { blockVariance } from '../blocks.ts'
import { encodeQueries, encodeQuery, fitDesign, loadDesign, saveDesign } from '../design.ts'
import { fitLeverage, leverageOf, loadLeverage, saveLeverage, trainingCloseness } from '../leverage.ts'
import { clamp } from '../math.ts'
import { fitMeans, loadMeans } from '../means.ts'
import { createRidge, predictRidge } from '../ridge.ts'
import { f64, readF64, readNumber } from '../state.ts'
import { SUPPORT_POINTS, supportOf, supportReference } from '../support.ts'
import { loadTokens, tokenHeads } from '../tokens.ts'

export interface LinearOptions {
  /** Strength of the candidates' own means, in outcomes; see `fitMeans`. */
  readonly pseudoCount: number
}

export const linear: EstimatorFamily<LinearOptions> = {
  name: 'linear',
  version: 1,
  defaults: { pseudoCount: 5 },

  fit(data, { pseudoCount }) {
    const n = data.queries.length
    const m = data.candidates.length
    const design = fitDesign(data.queries)
    const { width, features } = design
    const x = encodeQueries(design, data.queries)
    const ridge = createRidge(x, n, width)
    const quality = ridge.solve(data.quality, m)
    const leverage = fitLeverage(ridge.spectrum(), n, quality.penalty)
    const saved = { design: saveDesign(design), leverage: saveLeverage(leverage, width) }
    const blocks = blockVariance(quality.weights, x, { n, m, width, features })
    return {
      params: {
        ...saved.design.params,
        ...saved.leverage.params,
        featureShare: blocks.features / (blocks.features + blocks.vector || 1),
        vectorVariance: blocks.vector,
      },
      tensors: {
        ...saved.design.tensors,
        ...tokenHeads(ridge, data.outputTokens, x, { n, m, width }),
        means: fitMeans(data, pseudoCount),
        quality: f64(quality.weights, [m, 1 + width]),
        residualStd: f64(quality.residualStd),
        leverage: saved.leverage.tensor,
        support: f64(supportReference(trainingCloseness(leverage, x, width))),
      },
    }
  },

  load(state, ids) {
    const m = ids.length
    const design = loadDesign(state)
    const means = loadMeans(state, ids)
    const weights = readF64(state, 'quality', [m, 1 + design.width])
    const residualStd = readF64(state, 'residualStd', [m])
    const leverage = loadLeverage(state, design.width)
    const tokens = loadTokens(state, m, design.width)
    const reference = readF64(state, 'support', [SUPPORT_POINTS])
    const featureShare = readNumber(state, 'featureShare')
    const vectorVariance = readNumber(state, 'vectorVariance')
    const row = new Float64Array(design.width)

    return {
      name: 'linear',
      estimate(query, candidates) {
        const { columns, ...prediction } = means.estimate(candidates)
        if (leverage.rows === 0) return { ...prediction, support: 0 }
        const hasVector = encodeQuery(design, query, row)
        const h = leverageOf(leverage, row)
        for (const [i, c] of columns.entries()) {
          if (c < 0) continue
          prediction.quality[i] = clamp(predictRidge(weights, c, row), 0, 1)
          // The factorisation covers all rows; a candidate seen on fewer of them is known less well in proportion.
          const noise = residualStd[c]! ** 2 * h * (leverage.rows / means.rows[c]!)
          prediction.qualityStd[i] = Math.sqrt(noise + (hasVector ? 0 : vectorVariance))
          prediction.outputTokens[i] = tokens(c, row) ?? prediction.outputTokens[i]!
        }
        // Without a vector, support falls to the share of the predictions' variance that features carry.
        return { ...prediction, support: supportOf(-h, reference) * (hasVector || design.dim === 0 ? 1 : featureShare) }
      },
    }
  },
}
