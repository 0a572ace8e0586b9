import { describe, expect, it } from 'vitest'
import type { Encoder } from '../spec.ts'
import { embedWithin } from './deadline.ts'
import { createHashEncoder } from './hash.ts'

function encoderThat(embed: Encoder['embed']): Encoder {
  return { ...createHashEncoder(), embed }
}

describe('embedWithin', () => {
  it('gives the vector of an encoder that answers in time', async () => {
    const embed = embedWithin(createHashEncoder(), { timeoutMs: 10_000, maxPending: 1 })
    const [expected] = await createHashEncoder().embed(['text'])
    expect(await embed('text')).toEqual({ vector: expected, reason: null })
    expect(await embed('text')).toEqual({ vector: expected, reason: null })
  })

  it('gives up on a hung encoder, and at once when too many wait for it', async () => {
    let asked = 0
    const hung = encoderThat(() => {
      asked++
      return new Promise(() => {})
    })
    const embed = embedWithin(hung, { timeoutMs: 20, maxPending: 3 })
    const reasons = await Promise.all(['a', 'b', 'c', 'd'].map(async (text) => (await embed(text)).reason))
    expect(reasons).toEqual(['timeout', 'timeout', 'timeout', 'saturated'])
    expect(await embed('e')).toEqual({ vector: null, reason: 'saturated' })
    expect(asked).toBe(3)
  })

  it('recovers when the encoder does', async () => {
    const answers: (() => void)[] = []
    const slow = encoderThat(
      (texts) => new Promise((resolve) => answers.push(() => resolve(texts.map(() => Float32Array.of(1))))),
    )
    const embed = embedWithin(slow, { timeoutMs: 10, maxPending: 1 })
    expect((await embed('a')).reason).toBe('timeout')
    expect((await embed('b')).reason).toBe('saturated')
    answers[0]!()
    await new Promise((resolve) => setImmediate(resolve))
    const third = embed('c')
    answers[1]!()
    expect((await third).vector).toEqual(Float32Array.of(1))
  })

  it('turns every failure into a reason', async () => {
    const dead = encoderThat(() => Promise.reject(new Error('dead')))
    const thrower = encoderThat(() => {
      throw new Error('dead')
    })
    const empty = encoderThat(async () => [])
    for (const encoder of [dead, thrower, empty]) {
      expect(await embedWithin(encoder, { timeoutMs: 1000, maxPending: 1 })('a')).toMatchObject({
        vector: null,
        reason: 'failed',
      })
    }
  })
})
