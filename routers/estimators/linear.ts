/** Ridge heads on features and vector for quality and for the logarithm of output tokens: the plug-in estimator of CARROT (arXiv 2502.03261). */
import type { EstimatorFamily } from '../../src/spec.ts'
import { blockVariance } from '../blocks.ts'
import { fitFrame, loadFrame, saveFrame } from '../frame.ts'
import { clamp } from '../math.ts'
import { predictRidge } from '../ridge.ts'
import { f64, readF64, readNumber } from '../state.ts'

export interface LinearOptions {
  /** Strength of the candidates' own means, in outcomes; see `fitMeans`. */
  readonly pseudoCount: number
}

export const linear: EstimatorFamily<LinearOptions> = {
  name: 'linear',
  version: 1,
  defaults: { pseudoCount: 5 },

  fit(data, { pseudoCount }) {
    const frame = fitFrame(data)
    const { m, width, ridge } = frame
    const { penalty, weights, residualStd } = ridge.solve(data.quality, m)
    const blocks = blockVariance(weights, frame.x, frame)
    const featureShare = blocks.features / (blocks.features + blocks.vector || 1)
    const saved = saveFrame(frame, data, { penalty, featureShare, pseudoCount })
    return {
      params: { ...saved.params, vectorVariance: blocks.vector },
      tensors: { ...saved.tensors, quality: f64(weights, [m, 1 + width]), residualStd: f64(residualStd) },
    }
  },

  load(state, ids) {
    const frame = loadFrame(state, ids)
    const weights = readF64(state, 'quality', [ids.length, 1 + frame.width])
    const residualStd = readF64(state, 'residualStd', [ids.length])
    const vectorVariance = readNumber(state, 'vectorVariance')

    return {
      name: 'linear',
      estimate(query, candidates) {
        const { columns, ...prediction } = frame.means.estimate(candidates)
        if (frame.rows === 0) return { ...prediction, support: 0 }
        const { row, hasVector, leverage, support } = frame.place(query)
        for (const [i, c] of columns.entries()) {
          if (c < 0) continue
          prediction.quality[i] = clamp(predictRidge(weights, c, row), 0, 1)
          // The factorisation covers all rows; a candidate seen on fewer of them is known less well in proportion.
          const noise = residualStd[c]! ** 2 * leverage * (frame.rows / frame.means.rows[c]!)
          prediction.qualityStd[i] = Math.sqrt(noise + (hasVector ? 0 : vectorVariance))
          prediction.outputTokens[i] = frame.tokens(c, row) ?? prediction.outputTokens[i]!
        }
        return { ...prediction, support }
      },
    }
  },
}
