/** Multinomial logistic regression: which of several classes a row belongs to, and how probably, by penalised maximum likelihood. */
import { minimise } from './lbfgs.ts'
import { predictRidge } from './ridge.ts'

export interface ClassInput {
  /** Row-major [n, width], centred. */
  readonly x: Float64Array
  readonly n: number
  readonly width: number
  /** The class of each row, in 0 … classes − 1. */
  readonly labels: Int32Array
  readonly classes: number
}

const MAX_ITERATIONS = 60
const TOLERANCE = 1e-5
/** Of an intercept about 0: a class of which no row is left stays finite. */
const INTERCEPT_PRECISION = 1e-3

/** Weights [classes, 1 + width], intercepts first; `precision` is that of the normal prior of each other weight. */
export function fitSoftmax({ x, n, width, labels, classes }: ClassInput, precision: number): Float64Array {
  const weights = new Float64Array(classes * (1 + width))
  const isIntercept = (at: number) => at % (1 + width) === 0
  const squares = new Float64Array(1 + width)
  for (let i = 0; i < n; i++) for (let j = 0; j < width; j++) squares[1 + j]! += x[i * width + j]! ** 2
  squares[0] = n
  // A softmax bends by p (1 − p), and classes are about equally frequent.
  const bend = Math.max(0.05, (1 / classes) * (1 - 1 / classes))
  const curvature = weights.map((_, at) => {
    return (isIntercept(at) ? INTERCEPT_PRECISION : precision) + bend * squares[at % (1 + width)]!
  })

  function evaluate(_: Float64Array, gradient: Float64Array): number {
    let value = 0
    for (let at = 0; at < weights.length; at++) {
      const own = isIntercept(at) ? INTERCEPT_PRECISION : precision
      gradient[at] = own * weights[at]!
      value += 0.5 * own * weights[at]! ** 2
    }
    for (let i = 0; i < n; i++) {
      const row = x.subarray(i * width, (i + 1) * width)
      const chances = classChances(weights, row)
      value -= Math.log(Math.max(chances[labels[i]!]!, Number.MIN_VALUE))
      for (let k = 0; k < classes; k++) {
        const pull = chances[k]! - (labels[i] === k ? 1 : 0)
        const start = k * (1 + width)
        gradient[start]! += pull
        for (let j = 0; j < width; j++) gradient[start + 1 + j]! += pull * row[j]!
      }
    }
    return value
  }
  minimise(evaluate, weights, { curvature, maxIterations: MAX_ITERATIONS, tolerance: TOLERANCE })
  return weights
}

/** Probability of each class for one row. */
export function classChances(weights: Float64Array, row: Float64Array): Float64Array {
  const classes = weights.length / (1 + row.length)
  const logits = Float64Array.from({ length: classes }, (_, k) => predictRidge(weights, k, row))
  const highest = logits.reduce((high, logit) => Math.max(high, logit), Number.NEGATIVE_INFINITY)
  const odds = logits.map((logit) => Math.exp(logit - highest))
  const total = odds.reduce((sum, value) => sum + value, 0)
  return odds.map((value) => value / total)
}

/** Mean negative logarithm of the probability that each row's own class is given. */
export function classLoss(weights: Float64Array, { x, n, width, labels }: ClassInput): number {
  let loss = 0
  for (let i = 0; i < n; i++) {
    const own = classChances(weights, x.subarray(i * width, (i + 1) * width))[labels[i]!]!
    loss -= Math.log(Math.max(own, Number.MIN_VALUE)) / n
  }
  return loss
}
