/** What every store must do, whatever is behind it: run by the tests of each. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Activation, Attempt, Decision, Feedback, LogRow, Outcome, Store } from '../spec.ts'

/** A decision with everything set; unique by `id`. */
export function sampleDecision(id: string, changes: Partial<Decision> = {}): Decision {
  return {
    id,
    at: 1_700_000_000_123,
    tenant: 'default',
    wire: 'openai',
    route: 'auto',
    asked: 'auto:cheap',
    candidate: 'small',
    alternates: ['large', 'medium'],
    propensity: 0.75,
    explored: true,
    reason: 'highest utility',
    lambda: 12.5,
    policy: 'a'.repeat(64),
    stream: true,
    query: { hash: 'b'.repeat(64), chars: 120, inputTokens: 31, features: [0, 0.25, -1.5], embedded: true },
    considered: {
      candidates: ['small', 'large'],
      quality: [0.5, 0.75],
      qualityStd: [0.1, 0.2],
      costUsd: [0.001, null],
      utility: [0.4, null],
      chances: [1, 0],
      support: 0.5,
      guard: { shrink: 0.75, minSupport: 0.2, factor: 0.28125 },
      neighbours: [
        { row: 3, similarity: 0.9 },
        { row: 1, similarity: 0.8, label: 'sums' },
      ],
      excluded: [{ candidate: 'tiny', limit: 'contextWindow' }],
    },
    ...changes,
  }
}

/** The first upstream call of a decision. */
export function sampleAttempt(decision: string, changes: Partial<Attempt> = {}): Attempt {
  return {
    decision,
    index: 0,
    candidate: 'small',
    provider: 'openai',
    at: 1_700_000_000_124,
    status: 200,
    error: null,
    ttftMs: 80.5,
    latencyMs: 640.25,
    costUsd: 0.00031,
    ...changes,
  }
}

/** The outcome of a decision that went well. */
export function sampleOutcome(decision: string, changes: Partial<Outcome> = {}): Outcome {
  return {
    decision,
    at: 1_700_000_000_900,
    status: 'ok',
    candidate: 'small',
    attempts: 1,
    usage: { input: 31, cachedInput: 16, cacheWrite: 0, output: 40, reasoning: 8 },
    usageSource: 'provider',
    costUsd: 0.00031,
    ttftMs: 80.5,
    latencyMs: 641,
    finish: { unified: 'stop', raw: 'end_turn' },
    signals: ['truncated'],
    ...changes,
  }
}

const decided = (row: Decision): LogRow => ({ table: 'decisions', row })
const tried = (row: Attempt): LogRow => ({ table: 'attempts', row })
const ended = (row: Outcome): LogRow => ({ table: 'outcomes', row })
const scored = (row: Feedback): LogRow => ({ table: 'feedback', row })
const failed = { name: 'SwitchyardError', code: 'log_failed' }

/** Tests of one kind of store; `open` gives an empty one. */
export function describeStore(name: string, open: () => Promise<Store>): void {
  describe(`the store contract: ${name}`, () => {
    let store: Store
    beforeAll(async () => {
      store = await open()
    })
    afterAll(() => store.close())

    test('gives back every field of what was appended', async () => {
      const decision = sampleDecision('whole', { query: { ...sampleDecision('').query, text: 'What is 2 + 2?' } })
      const first = sampleAttempt('whole', { status: null, error: 'upstream_unreachable', ttftMs: null })
      const second = sampleAttempt('whole', { index: 1, candidate: 'large', verdict: 'It will do.' })
      const outcome = sampleOutcome('whole', { attempts: 2, answer: '4' })
      const score: Feedback = { decision: 'whole', principal: 'p', value: 0.5, source: 'user', comment: 'ok', at: 5 }
      await store.append([decided(decision), tried(second), tried(first), ended(outcome), scored(score)])
      expect(await store.decision('whole')).toEqual({
        decision,
        attempts: [first, second],
        outcome,
        feedback: [score],
      })
    })

    test('keeps what is unknown unknown, and what is absent absent', async () => {
      const decision = sampleDecision('sparse', {
        route: null,
        lambda: null,
        policy: null,
        considered: null,
        alternates: [],
        explored: false,
        stream: false,
      })
      const outcome = sampleOutcome('sparse', {
        usage: null,
        usageSource: null,
        costUsd: null,
        ttftMs: null,
        finish: null,
      })
      await store.append([decided(decision), ended(outcome)])
      const record = await store.decision('sparse')
      expect(record).toEqual({ decision, attempts: [], outcome, feedback: [] })
      expect(record?.decision.query).not.toHaveProperty('text')
      expect(record?.outcome).not.toHaveProperty('answer')
      await store.append([
        decided(sampleDecision('raw')),
        ended(sampleOutcome('raw', { finish: { unified: 'other', raw: null } })),
      ])
      expect((await store.decision('raw'))?.outcome?.finish).toEqual({ unified: 'other', raw: null })
    })

    test('keeps any text', async () => {
      let count = 0
      await fc.assert(
        fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), async (text) => {
          const decision = sampleDecision(`text ${count++}`, { asked: text, alternates: [text] })
          await store.append([decided(decision)])
          expect((await store.decision(decision.id))?.decision).toEqual(decision)
        }),
        { numRuns: 50 },
      )
    })

    test('knows no decision that was not appended', async () => {
      expect(await store.decision('nobody')).toBeNull()
      expect(await store.embedding('nobody', 'e')).toBeNull()
    })

    test('stores an append whole or not at all', async () => {
      await store.append([decided(sampleDecision('taken'))])
      const before = store.dropped
      await expect(
        store.append([decided(sampleDecision('half')), decided(sampleDecision('taken'))]),
      ).rejects.toMatchObject(failed)
      expect(await store.decision('half')).toBeNull()
      await expect(store.append([tried(sampleAttempt('x')), tried(sampleAttempt('x'))])).rejects.toMatchObject(failed)
      expect(store.dropped - before).toBe(4)
    })

    test('a refused append does not take others with it', async () => {
      await store.append([decided(sampleDecision('twice'))])
      const results = await Promise.allSettled([
        store.append([decided(sampleDecision('good 1'))]),
        store.append([decided(sampleDecision('good 2'))]),
        store.append([decided(sampleDecision('twice'))]),
        store.append([decided(sampleDecision('good 3'))]),
      ])
      expect(results.map((result) => result.status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
      for (const id of ['good 1', 'good 2', 'good 3']) expect(await store.decision(id)).not.toBeNull()
    })

    test('keeps one outcome per decision: the first that is known', async () => {
      await store.append([decided(sampleDecision('once')), ended(sampleOutcome('once', { status: 'unknown' }))])
      await store.append([ended(sampleOutcome('once', { status: 'client_abort' }))])
      await expect(store.append([ended(sampleOutcome('once'))])).rejects.toMatchObject(failed)
      await expect(store.append([ended(sampleOutcome('once', { status: 'unknown' }))])).rejects.toMatchObject(failed)
      expect((await store.decision('once'))?.outcome?.status).toBe('client_abort')
    })

    test('keeps the newest score per principal and source', async () => {
      const score = (changes: Partial<Feedback>): LogRow =>
        scored({ decision: 'scored', principal: 'ann', value: 0, source: 'user', at: 10, ...changes })
      await store.append([decided(sampleDecision('scored')), score({ value: 0.25, comment: 'meh' })])
      await store.append([score({ value: 1, at: 20 }), score({ principal: 'bob', value: 0.5, at: 11 })])
      await store.append([score({ value: 0, at: 15 }), score({ source: 'judge', value: 0.75, at: 30 })])
      expect((await store.decision('scored'))?.feedback).toEqual([
        { decision: 'scored', principal: 'bob', value: 0.5, source: 'user', at: 11 },
        { decision: 'scored', principal: 'ann', value: 1, source: 'user', at: 20 },
        { decision: 'scored', principal: 'ann', value: 0.75, source: 'judge', at: 30 },
      ])
    })

    test('lists decisions newest first, by page and tenant', async () => {
      const ids = Array.from({ length: 7 }, (_, index) => `page ${index}`)
      // The clock runs backwards here: order is that of appending.
      for (const [index, id] of ids.entries()) {
        await store.append([decided(sampleDecision(id, { at: 1000 - index, tenant: index % 2 ? 'odd' : 'even' }))])
      }
      await store.append([tried(sampleAttempt('page 5')), ended(sampleOutcome('page 5'))])
      const list = async (options: Parameters<Store['decisions']>[0]) =>
        (await store.decisions(options)).map((record) => record.decision.id)
      expect(await list({ limit: 3 })).toEqual(['page 6', 'page 5', 'page 4'])
      expect(await list({ limit: 2, before: 'page 4' })).toEqual(['page 3', 'page 2'])
      expect(await list({ limit: 10, tenant: 'odd' })).toEqual(['page 5', 'page 3', 'page 1'])
      expect(await list({ limit: 10, tenant: 'odd', before: 'page 4' })).toEqual(['page 3', 'page 1'])
      expect(await list({ limit: 10, before: 'nobody' })).toEqual([])
      const [, fifth] = await store.decisions({ limit: 2 })
      expect(fifth?.outcome?.status).toBe('ok')
      expect(fifth?.attempts).toHaveLength(1)
    })

    test('keeps vectors bit for bit, by hash and encoder', async () => {
      const all = Float32Array.from({ length: 64 }, (_, index) => Math.sin(index) / 3)
      const vector = all.subarray(7, 39)
      await store.append([
        { table: 'embeddings', row: { hash: 'h', encoder: 'e', vector, at: 1 } },
        { table: 'embeddings', row: { hash: 'h', encoder: 'other', vector: all, at: 1 } },
      ])
      await store.append([{ table: 'embeddings', row: { hash: 'h', encoder: 'e', vector, at: 2 } }])
      expect(await store.embedding('h', 'e')).toEqual(vector.slice())
      expect(await store.embedding('h', 'other')).toEqual(all)
    })

    test('knows the newest activation of every route', async () => {
      const activate = (route: string, policy: string | null, at: number): LogRow => ({
        table: 'policies',
        row: { route, policy, at, reason: 'asked for', share: 0.5, evidence: { gain: 0.01 } },
      })
      await store.append([activate('b', 'one', 5), activate('a', 'one', 5), activate('b', 'two', 3)])
      await store.append([activate('a', null, 1)])
      expect(await store.activations()).toEqual([
        { route: 'a', policy: null, at: 1, reason: 'asked for', share: 0.5, evidence: { gain: 0.01 } },
        { route: 'b', policy: 'two', at: 3, reason: 'asked for', share: 0.5, evidence: { gain: 0.01 } },
      ])
    })

    test('ends a canary once, and only while it is the newest of its route', async () => {
      const canary = { route: 'tried', policy: 'new', at: 7, reason: 'tried', share: 0.1, hold: true } as const
      const over = { route: 'tried', policy: 'old', at: 9, reason: 'harmful', share: 1, ends: 7 } as const
      const write = (row: Activation) => store.append([{ table: 'policies', row }])
      await write({ ...over, ends: 8 })
      await write(canary)
      await write({ ...canary, route: 'beside', at: 8 })
      await Promise.all([write(over), write({ ...over, at: 10 })])
      expect(await store.history('tried', 10)).toEqual([expect.objectContaining({ policy: 'old', ends: 7 }), canary])
      await write({ ...canary, at: 11 })
      await write(over)
      expect((await store.history('tried', 1))[0]?.at).toBe(11)
    })

    test('never says in an error what was to be stored', async () => {
      const secret = 'the prompt nobody may see'
      const decision = sampleDecision(secret, { asked: secret, query: { ...sampleDecision('').query, text: secret } })
      await store.append([decided(decision)])
      const error: unknown = await store.append([decided(decision)]).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject(failed)
      for (let one = error; one instanceof Error; one = one.cause) {
        expect(`${one.message} ${one.stack} ${JSON.stringify(one)}`).not.toContain(secret)
      }
    })

    test('refuses appends after it was closed, and counts them', async () => {
      const closing = await open()
      await closing.append([decided(sampleDecision('last'))])
      await closing.close()
      await expect(closing.append([decided(sampleDecision('late'))])).rejects.toMatchObject(failed)
      expect(closing.dropped).toBe(1)
      await closing.close()
    })
  })
}
