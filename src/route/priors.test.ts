import { expect, it } from 'vitest'
import { candidate, costing } from './fixture.ts'
import { priorQuality, withPriors } from './priors.ts'

it('ranks by price from 0.5 to 0.9, equal prices alike, the unpriced in the middle', () => {
  const pool = [costing('b', 2), costing('a', 1), costing('b2', 2), candidate('x', null), costing('c', 3)]
  const quality = priorQuality(pool)
  expect([...quality].map((value) => Number(value.toFixed(4)))).toEqual([0.7, 0.5, 0.7, 0.7, 0.9])
})

it('puts what is given before the candidate’s own prior, and that before the price', () => {
  const pool = [
    costing('a', 1, { priors: { quality: 0.33 } }),
    costing('b', 2, { priors: { quality: 0.44 } }),
    costing('c', 3),
  ]
  expect([...priorQuality(pool, { a: 0.11 })]).toEqual([0.11, 0.44, 0.9])
})

it('does not take an object’s inherited property for a given prior', () => {
  expect([...priorQuality([costing('constructor', 1)])]).toEqual([0.7])
})

it('fills in what is missing and keeps what is there', () => {
  const [a, b] = withPriors([
    costing('a', 1, { priors: { outputTokens: 50 } }),
    costing('b', 2, { priors: { quality: 0.6 } }),
  ])
  expect(a!.priors).toEqual({ quality: 0.5, outputTokens: 50 })
  expect(b!.priors).toEqual({ quality: 0.6, outputTokens: 300 })
})
