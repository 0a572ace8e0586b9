/** Multinomial logistic regression: which of several classes a row belongs to, and how probably, by penalised maximum likelihood. */
import { minimise } from './lbfgs.ts'

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

  const chances = new Float64Array(classes)
  function evaluate(_: Float64Array, gradient: Float64Array): number {
    let value = 0
    for (let at = 0; at < weights.length; at++) {
      const own = isIntercept(at) ? INTERCEPT_PRECISION : precision
      gradient[at] = own * weights[at]!
      value += 0.5 * own * weights[at]! ** 2
    }
    for (let i = 0; i < n; i++) {
      const start = i * width
      scoreClasses(weights, x, start, chances)
      toChances(chances)
      value -= Math.log(Math.max(chances[labels[i]!]!, Number.MIN_VALUE))
      for (let k = 0; k < classes; k++) {
        const pull = chances[k]! - (labels[i] === k ? 1 : 0)
        const first = k * (1 + width)
        gradient[first]! += pull
        for (let j = 0; j < width; j++) gradient[first + 1 + j]! += pull * x[start + j]!
      }
    }
    return value
  }
  minimise(evaluate, weights, { curvature, maxIterations: MAX_ITERATIONS, tolerance: TOLERANCE })
  return weights
}

/** Probability of each class for one row. */
export function classChances(weights: Float64Array, row: Float64Array): Float64Array {
  const chances = new Float64Array(weights.length / (1 + row.length))
  scoreClasses(weights, row, 0, chances)
  toChances(chances)
  return chances
}

/** The logit of each class for the row that begins at `start`; four at a time, since independent sums hide the latency of addition. */
function scoreClasses(weights: Float64Array, x: Float64Array, start: number, out: Float64Array): void {
  const stride = weights.length / out.length
  let k = 0
  for (; k + 4 <= out.length; k += 4) {
    const w0 = k * stride
    const w1 = w0 + stride
    const w2 = w1 + stride
    const w3 = w2 + stride
    let s0 = weights[w0]!
    let s1 = weights[w1]!
    let s2 = weights[w2]!
    let s3 = weights[w3]!
    for (let j = 1; j < stride; j++) {
      const value = x[start + j - 1]!
      s0 += weights[w0 + j]! * value
      s1 += weights[w1 + j]! * value
      s2 += weights[w2 + j]! * value
      s3 += weights[w3 + j]! * value
    }
    out[k] = s0
    out[k + 1] = s1
    out[k + 2] = s2
    out[k + 3] = s3
  }
  for (; k < out.length; k++) {
    let sum = weights[k * stride]!
    for (let j = 1; j < stride; j++) sum += weights[k * stride + j]! * x[start + j - 1]!
    out[k] = sum
  }
}

/** Logits to probabilities, in place. */
function toChances(logits: Float64Array): void {
  let highest = Number.NEGATIVE_INFINITY
  for (let k = 0; k < logits.length; k++) highest = Math.max(highest, logits[k]!)
  let total = 0
  for (let k = 0; k < logits.length; k++) {
    logits[k] = Math.exp(logits[k]! - highest)
    total += logits[k]!
  }
  for (let k = 0; k < logits.length; k++) logits[k]! /= total
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
