import { expect, it } from 'vitest'
import { testEstimator } from '../contract.ts'
import { KIND_CHANCES, kindsSet, seeded } from '../fixtures.ts'
import { bradleyTerry } from './bradleyTerry.ts'

testEstimator(bradleyTerry)

const data = kindsSet(600, 1)
const ids = data.candidates.map(({ id }) => id)
const train = (set: typeof data) => bradleyTerry.fit(set, bradleyTerry.defaults, seeded(3))
const best = (list: ArrayLike<number>) => Array.from(list).indexOf(Math.max(...Array.from(list)))

it('ranks first who is best at a kind of query, though the level of every row is noise', () => {
  const random = seeded(4)
  const levels = data.queries.map(() => random())
  // Outcomes in [0, 1] whose differences within a row are a tenth of what they were, under a level that says nothing.
  const quality = data.quality.map((value, at) => 0.9 * levels[Math.floor(at / 4)]! + 0.1 * value)
  const fresh = kindsSet(200, 2)
  const estimator = bradleyTerry.load(train({ ...data, quality }), ids)
  let right = 0
  let spread = 0
  for (const [i, query] of fresh.queries.entries()) {
    const estimate = estimator.estimate(query, data.candidates).quality
    if (best(estimate) === best(KIND_CHANCES[fresh.kind[i]!]!)) right += 1
    spread += Math.max(...estimate) - Math.min(...estimate)
  }
  expect(right / 200).toBeGreaterThan(0.9)
  // The map to qualities knows that a win is worth a tenth: 0.6 on average between the best and the worst at a kind.
  expect(spread / 200).toBeGreaterThan(0.03)
  expect(spread / 200).toBeLessThan(0.08)
})

it('gives two candidates, at one anchor, the odds of their wins with a ridge toward the same odds', () => {
  const quality = Float64Array.from({ length: 1200 }, (_, at) =>
    at % 2 === 0 ? Number(at % 10 < 8) : Number(at % 3 === 0),
  )
  const set = { ...data, candidates: data.candidates.slice(0, 2), quality, outputTokens: quality }
  const state = bradleyTerry.fit(set, { ...bradleyTerry.defaults, anchors: 1 }, seeded(3))
  const estimator = bradleyTerry.load(state, ids.slice(0, 2))
  const mean = (c: number) => quality.reduce((sum, value, at) => sum + (at % 2 === c ? value : 0), 0) / 600
  const estimate = estimator.estimate(data.queries[0]!, set.candidates).quality
  // With one anchor there is one ranking, and with outcomes of 0 and 1 its margins are the differences of the means.
  expect(estimate[0]! - estimate[1]!).toBeCloseTo(mean(0) - mean(1), 2)
})
