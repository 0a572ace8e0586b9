import { expect, it } from 'vitest'
import { gainOf, proofOf, readProof } from './proof.ts'
import { createRandom } from './random.ts'

const names = (count: number) => Array.from({ length: count }, (_, i) => `prompt ${i}`)
/** `better` decisions of a hundred that gain 1, the others gain nothing. */
const sparse = (better: number) =>
  gainOf(
    names(100).map((_, i) => (i < better ? 1 : 0)),
    names(100),
  )

it('is content with five of five decisions that differ, and not with four, as the sign test', () => {
  expect(sparse(4).lower).toBeLessThan(0)
  expect(sparse(5).lower).toBeGreaterThan(0)
  expect(sparse(5).gain).toBeCloseTo(0.05, 12)
})

it('says nothing of a policy that decides as the candidate does', () => {
  expect(sparse(0)).toEqual({ gain: 0, lower: null })
})

it('takes a prompt that came twice for one', () => {
  const once = gainOf([1, 0, -1, 1, 1, 0.5], names(6))
  const twice = gainOf([1, 0, -1, 1, 1, 0.5, 1, 0, -1, 1, 1, 0.5], [...names(6), ...names(6)])
  expect(twice).toEqual(once)
})

it('holds the policy against each candidate, first against the one that was best in hindsight', () => {
  const found = proofOf({
    lambda: 2,
    policy: [1, 1, 0, 1, 1, 1],
    alone: { weak: [0, 0, 0, 0, 0, 0], strong: [1, 1, 1, 0, 0, 0] },
    prompts: names(6),
  })
  expect(found).toMatchObject({ method: 'cross-fitted', lambda: 2, rows: 6, against: 'strong' })
  // Differences of 0, 0, −1, 1, 1, 1: mean 1/3, error √(2/3 · 6/5 … /6); four differ, so three degrees of freedom, t = 2.353.
  const error = Math.sqrt((4 - 6 / 9) / 5 / 6)
  expect(found?.gain).toBeCloseTo(1 / 3, 12)
  expect(found?.lower).toBeCloseTo(1 / 3 - 2.353 * error, 2)
  expect(found?.over.weak?.gain).toBeCloseTo(5 / 6, 12)
  expect(readProof({ proof: JSON.parse(JSON.stringify(found)) })).toEqual(found)
  expect(readProof({ proof: { gain: 1 } })).toBeNull()
  expect(readProof({})).toBeNull()
})

it('clears zero at most once in twenty where there is nothing to gain, also when few decisions differ', () => {
  for (const share of [0.03, 0.1, 1]) {
    let cleared = 0
    for (let run = 0; run < 2000; run++) {
      const random = createRandom(run + 1)
      const differences = names(100).map(() => (random() < share ? (random() < 0.5 ? 1 : -1) : 0))
      if ((gainOf(differences, names(100)).lower ?? -1) > 0) cleared++
    }
    expect(cleared / 2000).toBeLessThan(0.06)
  }
})
