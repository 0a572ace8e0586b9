import { expect, it } from 'vitest'
import { testEstimator } from '../contract.ts'
import { KIND_CHANCES, kindsSet, seeded } from '../fixtures.ts'
import { pilot } from './pilot.ts'

testEstimator(pilot)

const data = kindsSet(600, 1)
const ids = data.candidates.map(({ id }) => id)
const logOdds = (chance: number) => Math.log(chance / (1 - chance))
const best = (list: ArrayLike<number>) => Array.from(list).indexOf(Math.max(...Array.from(list)))

it('sends each kind of query to who won its like', () => {
  const fresh = kindsSet(200, 2)
  const estimator = pilot.load(pilot.fit(data, pilot.defaults, seeded(3)), ids)
  const right = fresh.queries.filter((query, i) => {
    return best(estimator.estimate(query, data.candidates).quality) === best(KIND_CHANCES[fresh.kind[i]!]!)
  })
  expect(right.length / 200).toBeGreaterThan(0.85)
})

it('with one pilot each, follows the product of the query with the mean of the queries that were won', () => {
  // Features alone, two of the same spread, far from the limit of four deviations: the design scales both alike.
  const random = seeded(5)
  const queries = data.queries.map((query) => ({
    ...query,
    vector: null,
    features: Float64Array.of(random() - 0.5, random() - 0.5),
  }))
  const quality = Float64Array.from(
    queries.flatMap(({ features: [x, y] }) =>
      [x! > 0, x! + y! > 0, y! > 0, true].map((is) => Number(is !== random() < 0.2)),
    ),
  )
  const estimator = pilot.load(
    pilot.fit({ ...data, queries, quality }, { ...pilot.defaults, pilots: [1] }, seeded(3)),
    ids,
  )
  const centroid = (rows: readonly number[]) =>
    [0, 1].map((j) => rows.reduce((sum, i) => sum + queries[i]!.features[j]!, 0) / rows.length)
  const all = centroid([...queries.keys()])
  const deviation = [0, 1].map((j) =>
    Math.sqrt(queries.reduce((sum, q) => sum + (q.features[j]! - all[j]!) ** 2, 0) / 600),
  )
  for (let c = 0; c < 3; c++) {
    const won = centroid([...queries.keys()].filter((i) => quality[i * 4 + c] === 1))
    // ½ |q − all|² − ½ |q − won|², in deviations.
    const score = (q: ArrayLike<number>) =>
      [0, 1].reduce((sum, j) => sum + ((q[j]! - all[j]!) ** 2 - (q[j]! - won[j]!) ** 2) / deviation[j]! ** 2, 0)
    const logits = queries.slice(0, 3).map((query) => logOdds(estimator.estimate(query, data.candidates).quality[c]!))
    const scores = queries.slice(0, 3).map((query) => score(query.features))
    const ratio = (logits[1]! - logits[0]!) / (logits[2]! - logits[0]!)
    expect(ratio).toBeCloseTo((scores[1]! - scores[0]!) / (scores[2]! - scores[0]!), 4)
  }
})
