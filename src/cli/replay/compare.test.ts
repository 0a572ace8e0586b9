import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { wholeTokens } from '../../compose/transports.node.ts'
import { createHashEncoder } from '../../embed/hash.ts'
import { expectedCostUsd } from '../../route/cost.ts'
import { placeholderAnswer } from '../../simulate/replay.ts'
import type { Attempt, Decision, Outcome } from '../../spec.ts'
import { readAnswers } from '../../train/dataset.node.ts'
import { createRandom } from '../../train/random.ts'
import { chooser, type Learned, learn } from '../learn.ts'
import { compare } from './compare.ts'

const data = 'models/demo/demo'
let folder: string
let learned: Learned
let answers: Awaited<ReturnType<typeof readAnswers>>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-compare-'))
  learned = await learn({ data, seed: 1, encoder: createHashEncoder(), cacheDir: folder, estimator: 'knn' })
  answers = await readAnswers(data)
})
afterAll(() => rm(folder, { recursive: true }))

/** One request for a row, answered by `candidate` as its record says, with the vector that the gateway had. */
function replayed(row: number, lambda: number, { candidate, vector }: { candidate: number; vector: Float32Array }) {
  const { set } = learned
  const [cell, { id }] = [row * set.candidates.length + candidate, set.queries[row]!]
  const asked = set.candidates[candidate]!
  const costUsd = expectedCostUsd(asked.price, wholeTokens(set.inputTokens[cell]), wholeTokens(set.outputTokens[cell]))
  const decision = { id: 'D', candidate: asked.id, propensity: 1, lambda, query: { hash: 'H' } } as unknown as Decision
  const outcome = { decision: 'D', candidate: asked.id, status: 'ok', costUsd } as unknown as Outcome
  const text = answers?.get(id)?.[asked.id] ?? placeholderAnswer(id, asked.id)
  return compare({
    reading: {},
    data,
    learned,
    candidates: set.candidates,
    asked: [{ row, lambda, via: 'openai', decision: 'D', model: asked.id, text }],
    log: {
      records: new Map([['D', { decision, attempts: [{ candidate: asked.id } as Attempt], outcome }]]),
      rewards: [],
      vectors: new Map([['H', vector]]),
      rows: {
        decisions: 1,
        attempts: 1,
        outcomes: 1,
        embeddings: 1,
        policies: 1,
        feedback: 0,
        rewards: 0,
        snapshots: 0,
      },
    },
    lambdas: [lambda],
    rows: [row],
  })
}

/** What is chosen for a row with a vector that is not the policy's own. */
function chosenWith(vector: Float32Array, row: number, lambda: number): number {
  const query = { ...learned.queries.get(row)!, vector }
  return chooser({ ...learned, queries: new Map([[row, query]]) })(row, lambda)
}

/** A row, a λ, and the row's vector with that much noise per value, with which another candidate is chosen. */
function tippedCase(noise: number) {
  const random = createRandom(1)
  const choose = chooser(learned)
  for (const row of learned.test) {
    const own = learned.queries.get(row)!.vector!
    for (let lambda = 0; lambda < 2000; lambda += 5) {
      // Only around a λ at which the choice changes is there a near tie.
      if (choose(row, lambda) === choose(row, lambda + 5)) continue
      let [low, high] = [lambda, lambda + 5]
      for (let halvings = 0; halvings < 40; halvings++) {
        const middle = (low + high) / 2
        if (choose(row, middle) === choose(row, lambda)) low = middle
        else high = middle
      }
      for (let tries = 0; tries < 20; tries++) {
        const vector = own.map((value) => value + noise * (random() - 0.5))
        for (const at of [low, high]) {
          const candidate = chosenWith(vector, row, at)
          if (candidate !== choose(row, at)) return { row, lambda: at, vector, candidate }
        }
      }
    }
  }
  throw new Error('No query of the set can be tipped.')
}

describe('a replay beside the offline evaluation', () => {
  it('finds nothing where all is equal', async () => {
    const row = learned.test[0]!
    const { vector } = learned.queries.get(row)!
    const compared = await replayed(row, 10, { candidate: chooser(learned)(row, 10), vector: vector! })
    expect(compared).toMatchObject({ differences: [], nearTies: [] })
    expect(compared.lowestCosine).toBeCloseTo(1, 6)
  })

  it('takes another decision for explained only where the vector that was logged leads to it', async () => {
    const { row, lambda, vector, candidate } = tippedCase(0.0004)
    const tipped = await replayed(row, lambda, { candidate, vector })
    expect(tipped).toMatchObject({ differences: [], nearTies: [expect.stringContaining('utilities are')] })

    const own = await replayed(row, lambda, { candidate, vector: learned.queries.get(row)!.vector! })
    expect(own).toMatchObject({ differences: [expect.stringContaining('the gateway asked')], nearTies: [] })
  })

  it('does not take a vector of what may be another text for an explanation', async () => {
    const other = tippedCase(0.05)
    const compared = await replayed(other.row, other.lambda, other)
    expect(compared).toMatchObject({ differences: [expect.stringContaining('the gateway asked')], nearTies: [] })
    expect(compared.lowestCosine).toBeLessThan(0.9995)
  })
})
