import { describe, expect, it } from 'vitest'
import type { TrainingSet } from '../../src/spec.ts'
import { testEstimator } from '../contract.ts'
import { KIND_CHANCES, kindsSet, seeded } from '../fixtures.ts'
import { domains } from './domains.ts'

testEstimator(domains)

const kinds = kindsSet(600, 1)
const names = ['code', 'law', 'maths', 'poems']
const data: TrainingSet = { ...kinds, tasks: kinds.kind.map((kind) => names[kind]!) }
const fresh = kindsSet(200, 2)
const ids = data.candidates.map(({ id }) => id)
const best = (list: ArrayLike<number>) => Array.from(list).indexOf(Math.max(...Array.from(list)))
const trained = (set: TrainingSet) => domains.load(domains.fit(set, domains.defaults, seeded(3)), ids)

describe('domains', () => {
  it('sends the queries of each domain to who is best at it, and names it', () => {
    const estimator = trained(data)
    const estimates = fresh.queries.map((query) => estimator.estimate(query, data.candidates))
    const right = estimates.filter(({ quality }, i) => best(quality) === best(KIND_CHANCES[fresh.kind[i]!]!))
    expect(right.length / 200).toBeGreaterThan(0.95)
    const named = estimates.filter(({ category }, i) => category === names[fresh.kind[i]!])
    expect(named.length / 200).toBeGreaterThan(0.95)
  })

  it('gives the mean of a domain that is certain, shrunk as its rows are few', () => {
    // A feature tells two domains apart, 300 rows each; every candidate is right with 0.8 in one and 0.2 in the other.
    const queries = data.queries.map((query, i) => ({ ...query, vector: null, features: Float64Array.of(i % 2) }))
    const quality = Float64Array.from({ length: 2400 }, (_, at) => {
      const [i, c] = [Math.floor(at / 4), at % 4]
      return Number(i % 10 < 8 === (i % 2 === c % 2))
    })
    const tasks = queries.map((_, i) => (i % 2 === 0 ? 'even' : 'odd'))
    const state = domains.fit({ ...data, queries, quality, tasks }, domains.defaults, seeded(3))
    const estimator = domains.load(state, ids)
    const strength = state.params.qualityStrength as number
    expect(strength).toBeLessThan(100)
    for (const side of [0, 1]) {
      const { quality: predicted, category } = estimator.estimate(queries[side]!, data.candidates)
      expect(category).toBe(['even', 'odd'][side])
      const rows = [...queries.keys()].filter((i) => i % 2 === side)
      for (let c = 0; c < 4; c++) {
        const own = rows.reduce((sum, i) => sum + quality[i * 4 + c]!, 0) / 300
        const all = quality.reduce((sum, value, at) => sum + (at % 4 === c ? value : 0), 0) / 600
        expect(predicted[c]).toBeCloseTo(all + ((own - all) * 300) / (300 + strength), 2)
      }
    }
  })

  it('falls back to the means, and names nothing, where labels have nothing to do with queries', () => {
    const estimator = trained({ ...data, tasks: kindsSet(600, 9).kind.map((kind) => names[kind]!) })
    const estimates = fresh.queries.map((query) => estimator.estimate(query, data.candidates))
    for (let c = 0; c < 4; c++) {
      const column = data.quality.filter((_, at) => at % 4 === c)
      const mean = column.reduce((sum, value) => sum + value, 0) / column.length
      const errors = estimates.map(({ quality }) => (quality[c]! - mean) ** 2)
      expect(Math.sqrt(errors.reduce((sum, value) => sum + value, 0) / errors.length)).toBeLessThan(0.03)
    }
    expect(estimates.filter(({ category }) => category !== undefined).length / 200).toBeLessThan(0.1)
  })

  it('gives a query that could be of any domain the means, and names none', () => {
    const estimator = trained(data)
    // Halfway between all four kinds, as far as vectors tell.
    const middle = { ...data.queries[0]!, vector: null, features: Float64Array.of(0.5) }
    const { quality, category, support } = estimator.estimate(middle, data.candidates)
    expect(category).toBeUndefined()
    expect(support).toBeLessThan(0.2)
    for (let c = 0; c < 4; c++) {
      const column = data.quality.filter((_, at) => at % 4 === c)
      expect(Math.abs(quality[c]! - column.reduce((sum, value) => sum + value, 0) / column.length)).toBeLessThan(0.05)
    }
  })

  it('learns from the labelled queries alone where some have none, and refuses to where none has', () => {
    const some = data.tasks!.map((task, i) => (i % 3 === 0 ? '' : task))
    const { category } = trained({ ...data, tasks: some }).estimate(fresh.queries[0]!, data.candidates)
    expect(category).toBe(names[fresh.kind[0]!])
    const { tasks, ...bare } = data
    expect(() => trained(bare)).toThrow(/no query has one/)
    expect(() => trained({ ...bare, tasks: tasks!.map(() => '') })).toThrow(RangeError)
  })
})
