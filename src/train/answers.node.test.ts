import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { agreement } from '../../routers/estimators/agreement.ts'
import { domains } from '../../routers/estimators/domains.ts'
import { knn } from '../../routers/estimators/knn.ts'
import { candidatesOf, queryOf, seeded } from '../../routers/fixtures.ts'
import { createHashEncoder } from '../embed/hash.ts'
import { withAnswers } from './answers.node.ts'
import type { OutcomeSet } from './outcomes.ts'
import { lackOf, toTrainingSet, withHidden } from './rows.ts'

const candidates = candidatesOf(3)
const set: OutcomeSet = {
  name: 'small',
  queries: ['a', 'b', 'c'].map((id) => ({ id, task: id === 'c' ? '' : 'letters', split: 'train', prompt: id })),
  candidates,
  quality: Float64Array.from({ length: 9 }, (_, at) => at / 9),
  costUsd: new Float64Array(9),
  inputTokens: new Float64Array(9),
  outputTokens: new Float64Array(9),
  latencyMs: new Float64Array(9),
  duplicates: [],
  sha256: 'a'.repeat(64),
}
const answers = new Map([
  ['a', { 'model-0': 'C', 'model-1': ' C\n', 'model-2': 'def f(x):\n  return x' }],
  ['b', { 'model-0': 'C', 'model-1': ' \n', 'model-3': 'D' }],
])

let cacheDir: string
beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'switchyard-'))
})
afterEach(() => rm(cacheDir, { recursive: true }))
const read = () => withAnswers(set, answers, { encoder: createHashEncoder({ dim: 16 }), cacheDir })

it('gives equal answers one vector, and none to those that are missing or blank', async () => {
  const [c, code] = await createHashEncoder({ dim: 16 }).embed(['C', 'def f(x):\n  return x'])
  expect((await read()).answers).toEqual([c, c, code, c, null, null, null, null, null])
})

it('is another set to whoever goes by the hash', async () => {
  const { sha256 } = await read()
  expect(sha256).toMatch(/^[0-9a-f]{64}$/)
  expect(sha256).not.toBe(set.sha256)
  expect((await read()).sha256).toBe(sha256)
})

it('goes with the rows that are learned from, but for what is hidden', async () => {
  const answered = await read()
  const queries = [queryOf(seeded(1))]
  expect(toTrainingSet(answered, [1], queries)).toMatchObject({
    answers: answered.answers!.slice(3, 6),
    tasks: ['letters'],
  })
  expect(toTrainingSet(set, [1], queries)).not.toHaveProperty('answers')
  const hidden = withHidden(answered, { column: 0, known: [1] })
  expect(hidden.answers).toEqual(answered.answers!.with(0, null))
})

it('says which sets a family cannot learn from', async () => {
  expect(lackOf(set, agreement)).toBe(
    'agreement learns from what three or more candidates answered to a query, and small has no such answers that an encoder read.',
  )
  expect(lackOf(withHidden(await read(), { column: 0, known: [1] }), agreement)).not.toBeNull()
  const unlabelled = { ...set, queries: set.queries.map((query) => ({ ...query, task: '' })) }
  expect(lackOf(unlabelled, domains)).toBe('domains learns from the task of each query, and small names none.')
  expect([lackOf(await read(), agreement), lackOf(set, domains), lackOf(unlabelled, knn)]).toEqual([null, null, null])
})
