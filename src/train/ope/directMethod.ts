/**
 * The direct method: what the model expects of the policy, Σ π(a | x) · q̂(x, a). Its terms do not show where the model is wrong, so that its interval
 * is too narrow by as much as that.
 */
import { expectedOf, type ValueEstimator } from './sample.ts'

export const directMethod: ValueEstimator = (samples) => Float64Array.from(samples, expectedOf)
