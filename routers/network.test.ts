import { expect, it } from 'vitest'
import { seeded } from './fixtures.ts'
import { sigmoid } from './math.ts'
import { addGradient, createNetwork, type Network, outputsOf, trainNetwork } from './network.ts'

const shape = { width: 3, hidden: 4, logits: 2, numbers: 1 }

/** Cross-entropy of two outcomes and half a square of a number. */
function lossOf(network: Network, row: Float64Array, targets: Float64Array): number {
  const outputs = outputsOf(network, row)
  return targets.reduce((sum, target, o) => {
    if (Number.isNaN(target)) return sum
    const output = outputs[o]!
    if (o >= shape.logits) return sum + (output - target) ** 2 / 2
    return sum - target * Math.log(sigmoid(output)) - (1 - target) * Math.log(1 - sigmoid(output))
  }, 0)
}

it.each([
  ['all outcomes', Float64Array.of(1, 0.3, -2)],
  ['one that is not known', Float64Array.of(Number.NaN, 0, 1)],
])('has the gradient that finite differences give, with %s', (_, targets) => {
  const random = seeded(1)
  const network = createNetwork(shape, new Float64Array(3), random)
  for (const at of network.weights.keys()) network.weights[at]! += random() - 0.5
  const row = Float64Array.of(0.4, -0.7, 1.1)
  const gradient = new Float64Array(network.weights.length)
  addGradient(network, row, targets, gradient)
  const step = 1e-5
  for (const at of network.weights.keys()) {
    const moved = (by: number) => {
      const weights = network.weights.map((weight, other) => (other === at ? weight + by : weight))
      return lossOf({ shape, weights }, row, targets)
    }
    expect(gradient[at]).toBeCloseTo((moved(step) - moved(-step)) / (2 * step), 7)
  }
})

it('is a constant before its first step, and stays one when nothing that it learns holds elsewhere', () => {
  const random = seeded(2)
  const levels = Float64Array.of(0.5, -1, 3)
  const start = createNetwork(shape, levels, random)
  expect(outputsOf(start, Float64Array.of(5, -3, 1))).toEqual(levels)
  const sample = (n: number) => ({
    x: Float64Array.from({ length: n * 3 }, () => random() - 0.5),
    targets: Float64Array.from({ length: n * 3 }, () => Number(random() < 0.5)),
  })
  const options = { steps: 200, batch: 8, learningRate: 0.01, decay: 0, patience: 5, random }
  // The loss of the held-out rows grows with every departure from the levels.
  const loss = (_: Float64Array, outputs: Float64Array) => outputs.reduce((sum, v, o) => sum + (v - levels[o]!) ** 2, 0)
  expect(trainNetwork(start, sample(40), sample(10), { ...options, loss }).weights).toEqual(start.weights)
})
