import { expect, it } from 'vitest'
import { seeded } from './fixtures.ts'
import { classChances, classLoss, fitSoftmax } from './softmax.ts'

const random = seeded(1)
const n = 400
const [width, classes] = [3, 3]
const x = Float64Array.from({ length: n * width }, () => 2 * random() - 1)
/** The class of a row is that of its largest number, but for one row in five. */
const planted = Int32Array.from({ length: n }, (_, i) => {
  const row = [...x.subarray(i * width, (i + 1) * width)]
  return random() < 0.2 ? Math.floor(random() * classes) : row.indexOf(Math.max(...row))
})

it('gives every class its share where there is nothing to go by', () => {
  const labels = Int32Array.of(0, 0, 0, 0, 0, 1, 1, 1, 2, 2)
  const weights = fitSoftmax({ x: new Float64Array(0), n: 10, width: 0, labels, classes: 3 }, 1)
  expect([...classChances(weights, new Float64Array(0))]).toEqual(
    [0.5, 0.3, 0.2].map((share) => expect.closeTo(share, 3)),
  )
})

it('ends where the likelihood and the prior pull alike', () => {
  const precision = 2
  const weights = fitSoftmax({ x, n, width, labels: planted, classes }, precision)
  for (let k = 0; k < classes; k++) {
    for (let j = 0; j < width; j++) {
      let pull = 0
      for (let i = 0; i < n; i++) {
        const row = x.subarray(i * width, (i + 1) * width)
        pull += (Number(planted[i] === k) - classChances(weights, row)[k]!) * row[j]!
      }
      expect(Math.abs(pull - precision * weights[k * (1 + width) + 1 + j]!)).toBeLessThan(0.2)
    }
  }
})

it('recovers classes that follow from the row, and finds none in shuffled labels', () => {
  const fresh = Float64Array.from({ length: n * width }, () => 2 * random() - 1)
  const truth = Int32Array.from({ length: n }, (_, i) => {
    const row = [...fresh.subarray(i * width, (i + 1) * width)]
    return row.indexOf(Math.max(...row))
  })
  const right = (labels: Int32Array, precision: number) => {
    const weights = fitSoftmax({ x, n, width, labels, classes }, precision)
    return truth.filter((label, i) => {
      const chances = classChances(weights, fresh.subarray(i * width, (i + 1) * width))
      return chances.indexOf(Math.max(...chances)) === label
    }).length
  }
  expect(right(planted, 1) / n).toBeGreaterThan(0.9)
  const shuffled = planted.toReversed()
  const weights = fitSoftmax({ x, n, width, labels: shuffled, classes }, 30)
  // The entropy of three equal shares is log 3.
  const loss = classLoss(weights, { x: fresh, n, width, labels: truth, classes })
  expect(Math.abs(loss - Math.log(3))).toBeLessThan(0.05)
})
