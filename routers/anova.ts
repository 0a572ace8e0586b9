/**
 * The ANOVA kernel of two blocks (Stitson et al. 1999; Durrande et al. 2013): (k_f + k_v + k_f · k_v) / 3 with a Gaussian for the features and one for the
 * vector. A function of features, one of the vector, and their interaction: the first two are learned from few rows, the third once there are many.
 */
import { distancesTo } from './kmeans.ts'

export interface AnovaKernel {
  /** Rows of a space (see `fitSpace`), row-major [count, width]. */
  readonly landmarks: Float32Array
  readonly width: number
  /** Columns of the feature block, the first ones. */
  readonly features: number
  /** k = exp(−d² / (2 · bandwidth)); a block's mean squared distance is 2. */
  readonly bandwidth: number
  /** What k_v is for a query without a vector, per landmark: its mean over queries. The prediction is then the mean over vectors. */
  readonly blank: Float64Array
}

/** Returns the function that gives the kernel of a point and every landmark. It is 1 between a point and itself. */
export function createKernel({ landmarks, width, features, bandwidth, blank }: AnovaKernel) {
  const byFeatures = distancesTo(landmarks, width, { to: features })
  const byVector = distancesTo(landmarks, width, { from: features })
  return (point: Float64Array, hasVector: boolean): Float64Array => {
    const own = byFeatures(point)
    const other = hasVector ? byVector(point) : null
    const out = new Float64Array(blank.length)
    for (let l = 0; l < out.length; l++) {
      const first = gaussian(own[l]!, bandwidth)
      const second = other === null ? blank[l]! : gaussian(other[l]!, bandwidth)
      out[l] = (first + second + first * second) / 3
    }
    return out
  }
}

/** What to use as `blank`: the mean of k_v over points that have a vector; 1 without any. */
export function meanVectorKernel(
  { landmarks, width, features, bandwidth }: Omit<AnovaKernel, 'blank'>,
  points: readonly Float64Array[],
): Float64Array {
  const measure = distancesTo(landmarks, width, { from: features })
  const mean = new Float64Array(landmarks.length / width)
  if (points.length === 0) return mean.fill(1)
  for (const point of points) {
    const distances = measure(point)
    for (let l = 0; l < mean.length; l++) mean[l]! += gaussian(distances[l]!, bandwidth) / points.length
  }
  return mean
}

function gaussian(squaredDistance: number, bandwidth: number): number {
  return Math.exp(squaredDistance / (-2 * bandwidth))
}
