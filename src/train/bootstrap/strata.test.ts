import { expect, it } from 'vitest'
import { createRandom } from '../random.ts'
import { quantileStrata, stratifiedOrder } from './strata.ts'

it('gives every stratum its share of every beginning, to within two prompts', () => {
  const sizes = [60, 30, 9, 1]
  const strata = sizes.flatMap((size, stratum) => new Array<number>(size).fill(stratum))
  for (const seed of [1, 2, 3]) {
    const order = stratifiedOrder(strata, createRandom(seed))
    expect(order.toSorted((a, b) => a - b)).toEqual([...strata.keys()])
    for (let n = 1; n <= order.length; n++) {
      const counts = sizes.map((_, stratum) => order.slice(0, n).filter((i) => strata[i] === stratum).length)
      for (const [stratum, size] of sizes.entries())
        expect(Math.abs(counts[stratum]! - (n * size) / strata.length)).toBeLessThan(2)
    }
  }
})

it('is the same for the same seed, and another for another', () => {
  const strata = Array.from({ length: 40 }, (_, i) => i % 3)
  const order = (seed: number) => stratifiedOrder(strata, createRandom(seed))
  expect(order(1)).toEqual(order(1))
  expect(order(1)).not.toEqual(order(2))
})

it('cuts numbers into classes of equal size', () => {
  expect(quantileStrata([50, 10, 40, 20, 30, 60], 3)).toEqual([2, 0, 1, 0, 1, 2])
})
