import { expect, it } from 'vitest'
import { testEstimator } from '../contract.ts'
import { KIND_CHANCES, kindsSet, seeded } from '../fixtures.ts'
import { contrastive } from './contrastive.ts'

testEstimator(contrastive)

const data = kindsSet(600, 1)
const ids = data.candidates.map(({ id }) => id)
const best = (list: ArrayLike<number>) => Array.from(list).indexOf(Math.max(...Array.from(list)))
const centred = (list: ArrayLike<number>) => {
  const mean = Array.from(list).reduce((sum, value) => sum + value, 0) / list.length
  return Array.from(list, (value) => value - mean)
}

it('sends each kind of query to who answers it, by differences of the size that the true ones have', () => {
  const fresh = kindsSet(300, 2)
  const estimator = contrastive.load(contrastive.fit(data, contrastive.defaults, seeded(3)), ids)
  let [right, product, squares] = [0, 0, 0]
  for (const [i, query] of fresh.queries.entries()) {
    const chances = KIND_CHANCES[fresh.kind[i]!]!
    const { quality } = estimator.estimate(query, data.candidates)
    right += Number(best(quality) === best(chances))
    const truth = centred(chances)
    for (const [c, lead] of centred(quality).entries()) {
      product += lead * truth[c]!
      squares += lead * lead
    }
  }
  expect(right / 300).toBeGreaterThan(0.85)
  // The slope of the true differences by the predicted: 1 where the scores are calibrated.
  expect(product / squares).toBeGreaterThan(0.85)
  expect(product / squares).toBeLessThan(1.25)
})

it('predicts almost a constant where outcomes have nothing to do with queries', () => {
  const shuffled = { ...data, queries: kindsSet(600, 9).queries }
  const estimator = contrastive.load(contrastive.fit(shuffled, contrastive.defaults, seeded(3)), ids)
  for (let c = 0; c < 4; c++) {
    const column = data.quality.filter((_, at) => at % 4 === c)
    const mean = column.reduce((sum, value) => sum + value, 0) / column.length
    const errors = shuffled.queries.map((query) => (estimator.estimate(query, data.candidates).quality[c]! - mean) ** 2)
    expect(Math.sqrt(errors.reduce((sum, value) => sum + value, 0) / errors.length)).toBeLessThan(0.05)
  }
})

it('knows queries like those that it saw though most of their vectors is cut off and outcomes leave no noise', () => {
  // Without noise the penalty is small, under which whatever no training row varies in counts as far.
  const right = (set: typeof data) => set.kind.flatMap((k) => KIND_CHANCES[k]!.map((chance) => Number(chance > 0.5)))
  const options = { ...contrastive.defaults, rank: 3 }
  const state = contrastive.fit({ ...data, quality: Float64Array.from(right(data)) }, options, seeded(3))
  const estimator = contrastive.load(state, ids)
  const { queries } = kindsSet(200, 2)
  const supports = queries.map((query) => estimator.estimate(query, data.candidates).support)
  expect(supports.reduce((sum, support) => sum + support, 0) / 200).toBeGreaterThan(0.8)
})
