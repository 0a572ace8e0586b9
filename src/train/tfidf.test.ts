import { expect, it } from 'vitest'
import type { Candidate } from '../spec.ts'
import { mean } from './metrics/statistics.ts'
import type { OutcomeSet } from './outcomes.ts'
import { createRandom } from './random.ts'
import { tfidfRidge } from './tfidf.ts'

const FILLER = ['please', 'tell', 'me', 'about', 'this', 'one', 'thing', 'today']
const candidate = (id: string): Candidate => ({
  id,
  provider: 'replay',
  model: id,
  wire: 'openai',
  price: null,
  contextWindow: 1e6,
  capabilities: new Set(),
  tags: [],
})

/**
 * Prompts of filler, a third of them with `sonnet`, a third with `integral`, among them some with `briefly`. The first candidate is
 * good at sonnets, the second at integrals, where asking `briefly` makes it cheap.
 */
function world(count: number, seed: number): OutcomeSet {
  const random = createRandom(seed)
  const rows = Array.from({ length: count }, () => {
    const kind = (['sonnet', 'integral', ''] as const)[Math.floor(random() * 3)]!
    const brief = random() < 0.5
    const words = [kind, brief ? 'briefly' : '', ...FILLER.filter(() => random() < 0.6)].filter((word) => word !== '')
    const good = kind === 'sonnet' ? [0.9, 0.2] : kind === 'integral' ? [0.2, 0.9] : [0.5, 0.5]
    return {
      prompt: words.sort(() => random() - 0.5).join(' '),
      quality: good.map((p) => (random() < p ? 1 : 0)),
      costUsd: [0.03, brief ? 0.01 : 0.05],
    }
  })
  const unknown = new Float64Array(count * 2).fill(Number.NaN)
  return {
    name: 'words',
    queries: rows.map(({ prompt }, i) => ({ id: `q${i}`, task: '', split: 'train', prompt })),
    candidates: [candidate('poet'), candidate('reckoner')],
    quality: Float64Array.from(rows.flatMap(({ quality }) => quality)),
    costUsd: Float64Array.from(rows.flatMap(({ costUsd }) => costUsd)),
    inputTokens: unknown,
    outputTokens: unknown,
    latencyMs: unknown,
    duplicates: [],
    sha256: '',
  }
}
const set = world(900, 1)
const train = Array.from({ length: 600 }, (_, row) => row)
const test = Array.from({ length: 300 }, (_, i) => 600 + i)
const prompt = (row: number) => set.queries[row]!.prompt

it('finds a planted word on queries it has not seen', () => {
  const { choose } = tfidfRidge(set, train)
  const qualityOf = (column: (row: number) => number) => mean(test.map((row) => set.quality[row * 2 + column(row)]!))
  const best = Math.max(
    qualityOf(() => 0),
    qualityOf(() => 1),
  )
  expect(qualityOf((row) => choose(row, 0))).toBeGreaterThan(best + 0.15)
  const telling = test.filter((row) => /sonnet|integral/.test(prompt(row)))
  const right = telling.filter((row) => choose(row, 0) === (prompt(row).includes('sonnet') ? 0 : 1))
  expect(right.length / telling.length).toBeGreaterThan(0.95)
})

it('predicts cost from words too', () => {
  const { choose } = tfidfRidge(set, train)
  const cheapest = test.filter((row) => choose(row, 1e6) === (prompt(row).includes('briefly') ? 1 : 0))
  expect(cheapest.length / test.length).toBeGreaterThan(0.95)
})

it('is the same router when it is learned again', () => {
  const [one, two] = [tfidfRidge(set, train), tfidfRidge(set, train)]
  for (const lambda of [0, 5, 50]) for (const row of test) expect(two.choose(row, lambda)).toBe(one.choose(row, lambda))
})

it('stands on a handful of rows', () => {
  for (const rows of [[0], [0, 1], [0, 1, 2, 3, 4]]) expect([0, 1]).toContain(tfidfRidge(set, rows).choose(700, 1))
})
