/**
 * A network with one hidden layer of tanh units, trained by Adam with decoupled weight decay (Kingma and Ba 2015, arXiv 1412.6980; Loshchilov and
 * Hutter 2019, arXiv 1711.05101) and stopped where held-out rows are predicted best.
 */
import { sigmoid } from './math.ts'

export interface Shape {
  readonly width: number
  readonly hidden: number
  /** Logits of outcomes in [0, 1], trained by their cross-entropy. */
  readonly logits: number
  /** Numbers, trained by half their squared error. They follow the logits in every row of outputs. */
  readonly numbers: number
}

export interface Network {
  readonly shape: Shape
  /** Both layers in one array, for the optimiser: [hidden, 1 + width], then [logits + numbers, 1 + hidden], intercepts first. */
  readonly weights: Float64Array
}

export interface Sample {
  /** Row-major [n, width]. */
  readonly x: Float64Array
  /** Row-major [n, logits + numbers]; NaN = not known. */
  readonly targets: Float64Array
}

export interface TrainOptions {
  readonly steps: number
  readonly batch: number
  readonly learningRate: number
  readonly decay: number
  /** Ends after so many looks at the held-out rows without a better one. */
  readonly patience: number
  /** Of one held-out row: its targets, and the network's outputs. */
  readonly loss: (targets: Float64Array, outputs: Float64Array) => number
  readonly random: () => number
}

const [BETA_1, BETA_2, EPSILON] = [0.9, 0.999, 1e-8]
/** Steps between two looks, where an epoch has fewer. */
const MIN_STEPS = 10

export function weightCount({ width, hidden, logits, numbers }: Shape): number {
  return hidden * (1 + width) + (logits + numbers) * (1 + hidden)
}

/**
 * Random hidden units, outputs that are `levels` everywhere: before its first step the network is the constant. Rows have a total variance of
 * about 2, so that weights of variance 1/2 give a unit's input one of 1.
 */
export function createNetwork(shape: Shape, levels: Float64Array, random: () => number): Network {
  const { width, hidden } = shape
  const weights = new Float64Array(weightCount(shape))
  // Uniform on ±√(3/2): variance 1/2.
  for (let at = 0; at < hidden * (1 + width); at++) {
    if (at % (1 + width) > 0) weights[at] = Math.sqrt(1.5) * (2 * random() - 1)
  }
  for (const [o, level] of levels.entries()) weights[hidden * (1 + width) + o * (1 + hidden)] = level
  return { shape, weights }
}

/** Outputs for one row; what the hidden units say is left in `units`. */
export function outputsOf(
  { shape: { width, hidden, logits, numbers }, weights }: Network,
  row: Float64Array,
  units: Float64Array = new Float64Array(hidden),
): Float64Array {
  for (let h = 0, at = 0; h < hidden; h++) {
    let sum = weights[at++]!
    for (let j = 0; j < width; j++) sum += weights[at++]! * row[j]!
    units[h] = Math.tanh(sum)
  }
  const outputs = new Float64Array(logits + numbers)
  for (let o = 0, at = hidden * (1 + width); o < outputs.length; o++) {
    let sum = weights[at++]!
    for (let h = 0; h < hidden; h++) sum += weights[at++]! * units[h]!
    outputs[o] = sum
  }
  return outputs
}

/** Adds the gradient of one row's loss to `gradient`, which is laid out as the weights. */
export function addGradient(network: Network, row: Float64Array, targets: Float64Array, gradient: Float64Array): void {
  const { width, hidden, logits } = network.shape
  const units = new Float64Array(hidden)
  const outputs = outputsOf(network, row, units)
  const below = new Float64Array(hidden)
  for (let o = 0; o < outputs.length; o++) {
    const target = targets[o]!
    if (Number.isNaN(target)) continue
    // Cross-entropy by its logit and half a square by its number have the same derivative: prediction less target.
    const pull = (o < logits ? sigmoid(outputs[o]!) : outputs[o]!) - target
    const start = hidden * (1 + width) + o * (1 + hidden)
    gradient[start]! += pull
    for (let h = 0; h < hidden; h++) {
      gradient[start + 1 + h]! += pull * units[h]!
      below[h]! += pull * network.weights[start + 1 + h]!
    }
  }
  for (let h = 0; h < hidden; h++) {
    const pull = below[h]! * (1 - units[h]! * units[h]!)
    const start = h * (1 + width)
    gradient[start]! += pull
    for (let j = 0; j < width; j++) gradient[start + 1 + j]! += pull * row[j]!
  }
}

/** The weights, of all that it went through from `start` on, that predict `held` best. */
export function trainNetwork(start: Network, seen: Sample, held: Sample, options: TrainOptions): Network {
  const { shape } = start
  const outputs = shape.logits + shape.numbers
  const n = seen.targets.length / outputs
  const network: Network = { shape, weights: start.weights.slice() }
  let best = { loss: heldLoss(network, held, options.loss), weights: start.weights }
  const step = createAdam(network, options)
  const gradient = new Float64Array(network.weights.length)
  const order = Int32Array.from({ length: n }, (_, i) => i)
  const every = Math.max(MIN_STEPS, Math.ceil(n / options.batch))
  let looks = 0
  for (let s = 1; s <= options.steps && n > 0 && held.targets.length > 0; s++) {
    gradient.fill(0)
    // Part of a shuffle: the first rows of the order are a sample without replacement.
    const size = Math.min(n, options.batch)
    for (let b = 0; b < size; b++) {
      const other = b + Math.floor(options.random() * (n - b))
      const i = order[other]!
      order[other] = order[b]!
      order[b] = i
      const row = seen.x.subarray(i * shape.width, (i + 1) * shape.width)
      addGradient(network, row, seen.targets.subarray(i * outputs, (i + 1) * outputs), gradient)
    }
    step(gradient)
    if (s % every > 0) continue
    const loss = heldLoss(network, held, options.loss)
    looks = loss < best.loss ? 0 : looks + 1
    if (loss < best.loss) best = { loss, weights: network.weights.slice() }
    if (looks === options.patience) break
  }
  return { shape, weights: best.weights }
}

function heldLoss(network: Network, { x, targets }: Sample, loss: TrainOptions['loss']): number {
  const { width, logits, numbers } = network.shape
  const outputs = logits + numbers
  let sum = 0
  for (let i = 0; i * outputs < targets.length; i++) {
    const predicted = outputsOf(network, x.subarray(i * width, (i + 1) * width))
    sum += loss(targets.subarray(i * outputs, (i + 1) * outputs), predicted)
  }
  return sum
}

/** A function that moves the network's weights one step against a gradient. */
function createAdam({ shape: { width, hidden }, weights }: Network, { learningRate, decay }: TrainOptions) {
  const first = new Float64Array(weights.length)
  const second = new Float64Array(weights.length)
  const border = hidden * (1 + width)
  const isIntercept = (at: number) => (at < border ? at % (1 + width) : (at - border) % (1 + hidden)) === 0
  const decays = weights.map((_, at) => (isIntercept(at) ? 0 : decay))
  let time = 0
  return (gradient: Float64Array) => {
    time += 1
    const [unbias1, unbias2] = [1 - BETA_1 ** time, 1 - BETA_2 ** time]
    for (let at = 0; at < weights.length; at++) {
      first[at] = BETA_1 * first[at]! + (1 - BETA_1) * gradient[at]!
      second[at] = BETA_2 * second[at]! + (1 - BETA_2) * gradient[at]! ** 2
      const move = first[at]! / unbias1 / (Math.sqrt(second[at]! / unbias2) + EPSILON)
      weights[at]! -= learningRate * (move + decays[at]! * weights[at]!)
    }
  }
}
