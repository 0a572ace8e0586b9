import { expect, it } from 'vitest'
import { candidatesOf } from '../../../routers/fixtures.ts'
import type { OutcomeSet } from '../outcomes.ts'
import { decideAgreeing } from './agreeing.ts'

const prompt = 'Which?\nA) a\nB) b\nAnswer:'
/** The second is right about both, the third about the first alone, the first about neither. */
const set: OutcomeSet = {
  name: 'small',
  queries: ['train', 'test'].map((split) => ({ id: split, task: '', split, prompt })),
  candidates: candidatesOf(3),
  quality: Float64Array.of(0, 1, 1, 0, 1, 0),
  costUsd: Float64Array.of(1, 10, 100, 1, 10, 100),
  inputTokens: new Float64Array(6),
  outputTokens: new Float64Array(6),
  latencyMs: new Float64Array(6),
  texts: ['B', 'A', 'A', 'A', 'A', 'B'],
  duplicates: [],
  sha256: 'a'.repeat(64),
}

it('plays every single candidate and every pair with a third, on all queries alike', () => {
  const { settings, trained } = decideAgreeing(set, { name: 'test', train: [0], test: [1] })
  const played = settings.map((setting, k) => {
    if (setting.kind !== 'sequence') throw new Error('no calls')
    const { asked, outcomes } = setting
    return [asked[0]!.join(), outcomes.costs[0], outcomes.qualities[0], trained.points[k]!.costUsd]
  })
  expect(played).toEqual([
    ['0', 1, 0, 1],
    ['1', 10, 1, 10],
    ['2', 100, 0, 100],
    // They agree on the test query, and the better one's answer is returned; on the training query a third was paid for.
    ['0,1', 11, 1, 111],
    ['0,2,1', 111, 1, 111],
    // They agreed on the training query alone.
    ['1,2,0', 111, 0, 110],
  ])
})
