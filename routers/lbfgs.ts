/** Minimises a smooth function of many variables: limited-memory BFGS (Liu and Nocedal 1989) with a backtracking line search. */

export interface MinimiseOptions {
  /** About the second derivative of each variable: the first step, and the metric that later ones start from. */
  readonly curvature: Float64Array
  readonly maxIterations: number
  /** Ends when an iteration gains less than this share of the value. */
  readonly tolerance: number
}

/** Pairs of steps and gradient changes that are remembered. */
const MEMORY = 20
const MAX_HALVINGS = 20
/** Armijo: the share of the gain promised by the slope that a step must keep. */
const ENOUGH = 1e-4

/** Improves `x` in place. `evaluate` returns the value at `x` and writes the gradient into its second argument. */
export function minimise(
  evaluate: (x: Float64Array, gradient: Float64Array) => number,
  x: Float64Array,
  { curvature, maxIterations, tolerance }: MinimiseOptions,
): void {
  const pairs: { step: Float64Array; change: Float64Array; product: number }[] = []
  let gradient = new Float64Array(x.length)
  let value = evaluate(x, gradient)
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    const direction = descent(gradient, curvature, pairs)
    const slope = dot(direction, gradient)
    if (!(slope < 0)) return
    const start = x.slice()
    const next = new Float64Array(x.length)
    let size = 1
    let reached = Number.POSITIVE_INFINITY
    for (let halving = 0; halving <= MAX_HALVINGS; halving++, size /= 2) {
      for (let j = 0; j < x.length; j++) x[j] = start[j]! + size * direction[j]!
      reached = evaluate(x, next)
      if (reached <= value + ENOUGH * size * slope) break
    }
    if (!(reached < value)) {
      x.set(start)
      return
    }
    const step = x.map((entry, j) => entry - start[j]!)
    const change = next.map((entry, j) => entry - gradient[j]!)
    const product = dot(step, change)
    // Only positive curvature keeps the metric positive.
    if (product > 1e-12) pairs.push({ step, change, product })
    if (pairs.length > MEMORY) pairs.shift()
    const gain = value - reached
    value = reached
    gradient = next
    if (gain < tolerance * Math.abs(value)) return
  }
}

/** The two-loop recursion: minus the gradient, measured by the inverse of the curvature as it is known so far. */
function descent(
  gradient: Float64Array,
  curvature: Float64Array,
  pairs: readonly { step: Float64Array; change: Float64Array; product: number }[],
): Float64Array {
  const direction = gradient.map((entry) => -entry)
  const shares = pairs.map(() => 0)
  for (let p = pairs.length - 1; p >= 0; p--) {
    const { step, change, product } = pairs[p]!
    shares[p] = dot(step, direction) / product
    add(direction, -shares[p]!, change)
  }
  for (let j = 0; j < direction.length; j++) direction[j]! /= curvature[j]!
  for (const [p, { step, change, product }] of pairs.entries()) {
    add(direction, shares[p]! - dot(change, direction) / product, step)
  }
  return direction
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let j = 0; j < a.length; j++) sum += a[j]! * b[j]!
  return sum
}

function add(to: Float64Array, factor: number, what: Float64Array): void {
  for (let j = 0; j < to.length; j++) to[j]! += factor * what[j]!
}
