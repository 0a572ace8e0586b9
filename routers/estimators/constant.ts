/** The constant: the same prediction for every query, from the candidates' shrunken means. The bar that the others must clear. */
import type { EstimatorFamily } from '../../src/spec.ts'
import { fitMeans, loadMeans } from '../means.ts'

export interface ConstantOptions {
  /** Strength of the shrinkage toward the pool's mean, in outcomes. */
  readonly pseudoCount: number
}

export const constant: EstimatorFamily<ConstantOptions> = {
  name: 'constant',
  version: 1,
  defaults: { pseudoCount: 5 },

  fit(data, { pseudoCount }) {
    return { params: {}, tensors: { means: fitMeans(data, pseudoCount) } }
  },

  load(state, ids) {
    const means = loadMeans(state, ids)
    const support = means.rows.some((rows) => rows > 0) ? 1 : 0
    return {
      name: 'constant',
      estimate(_query, candidates) {
        const { quality, qualityStd, outputTokens } = means.estimate(candidates)
        return { quality, qualityStd, outputTokens, support }
      },
    }
  },
}
