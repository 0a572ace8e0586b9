import { expect, it } from 'vitest'
import { testEstimator } from '../contract.ts'
import { KIND_CHANCES, kindsSet, seeded } from '../fixtures.ts'
import { skills } from './skills.ts'

testEstimator(skills)

const data = kindsSet(600, 1)
const ids = data.candidates.map(({ id }) => id)
const best = (list: ArrayLike<number>) => Array.from(list).indexOf(Math.max(...Array.from(list)))

it('sends each kind of query to who has the skill', () => {
  const fresh = kindsSet(200, 2)
  const estimator = skills.load(skills.fit(data, skills.defaults, seeded(3)), ids)
  const right = fresh.queries.filter((query, i) => {
    return best(estimator.estimate(query, data.candidates).quality) === best(KIND_CHANCES[fresh.kind[i]!]!)
  })
  expect(right.length / 200).toBeGreaterThan(0.85)
})

it('with two skills far apart, gives the means of the rows that ask for each, shrunk by the penalty', () => {
  // Two points, 300 rows each; a candidate is right with 0.8 and 0.2 there, another the other way round.
  const queries = data.queries.map((query, i) => ({ ...query, vector: null, features: Float64Array.of(i % 2) }))
  const quality = Float64Array.from({ length: 2400 }, (_, at) => {
    const [i, c] = [Math.floor(at / 4), at % 4]
    return Number(i % 10 < 8 === (i % 2 === c % 2))
  })
  const state = skills.fit({ ...data, queries, quality }, { ...skills.defaults, skills: [2] }, seeded(3))
  const estimator = skills.load(state, ids)
  // Degrees are 1 and 0, less ½, scaled to a total variance of 2: ±1 twice, so that ridge divides by n · 2 + penalty.
  const penalty = state.params.leveragePenalty as number
  for (const side of [0, 1]) {
    const rows = [...queries.keys()].filter((i) => i % 2 === side)
    for (let c = 0; c < 4; c++) {
      const own = rows.reduce((sum, i) => sum + quality[i * 4 + c]!, 0) / 300
      const all = quality.reduce((sum, value, at) => sum + (at % 4 === c ? value : 0), 0) / 600
      const expected = all + ((own - all) * 1200) / (1200 + penalty)
      expect(estimator.estimate(queries[side]!, data.candidates).quality[c]).toBeCloseTo(expected, 6)
    }
  }
})
