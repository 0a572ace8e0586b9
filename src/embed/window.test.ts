import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Turn } from '../spec.ts'
import { cut, cutTokens, HEAD_SHARE, windowText } from './window.ts'

const user = (text: string): Turn => ({ role: 'user', text })
const turn: fc.Arbitrary<Turn> = fc.record({
  role: fc.constantFrom('system', 'user', 'assistant', 'tool'),
  text: fc.string({ unit: 'grapheme', maxLength: 300 }),
})

describe('windowText', () => {
  it('never exceeds the window, splits no surrogate pair, and is a function of its input', () => {
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 8 }), fc.integer({ min: 20, max: 400 }), (turns, maxChars) => {
        const text = windowText(turns, maxChars)
        expect(text.length).toBeLessThanOrEqual(maxChars)
        expect(text.isWellFormed()).toBe(true)
        expect(windowText(turns, maxChars)).toBe(text)
      }),
    )
  })

  it('keeps a short last user turn whole, whatever stands around it', () => {
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 5 }), fc.string({ minLength: 1, maxLength: 100 }), (before, question) => {
        const turns = [...before, user(question), { role: 'tool', text: 'x'.repeat(5000) } as const]
        expect(windowText(turns, 400)).toContain(question)
      }),
    )
  })

  it('keeps the head and, with the larger share, the tail of a long turn', () => {
    const text = windowText([user(`BEGIN ${'x'.repeat(100_000)} What is the answer?`)], 200)
    expect(text.startsWith('BEGIN')).toBe(true)
    expect(text.endsWith('What is the answer?')).toBe(true)
    expect(text.split('\n').map((piece) => piece.length)).toEqual([
      Math.floor(199 * HEAD_SHARE),
      199 - Math.floor(199 * HEAD_SHARE),
    ])
  })

  it('fills what is left with the newest other turns, in the order of the conversation', () => {
    const turns: Turn[] = [
      { role: 'system', text: 'You are terse.' },
      user('first question, long ago'),
      { role: 'assistant', text: 'an answer' },
      user('and now?'),
    ]
    expect(windowText(turns, 1000)).toBe('You are terse.\nfirst question, long ago\nan answer\nand now?')
    expect(windowText(turns, 43)).toBe('first question, long ago\nan answer\nand now?')
  })

  it('takes the last turn when no user spoke, and nothing from nothing', () => {
    expect(windowText([{ role: 'system', text: 'alone' }])).toBe('alone')
    expect(windowText([])).toBe('')
  })

  it('does not keep the prompt in memory', () => {
    setFlagsFromString('--expose-gc')
    const collect: () => void = runInNewContext('gc')
    const kept: string[] = []
    collect()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 50; i++) kept.push(windowText([user(JSON.parse(`"${String(i).repeat(500_000)}"`))]))
    collect()
    expect(kept).toHaveLength(50)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(5_000_000)
  })
})

describe('cut', () => {
  it('returns a short text as it is, a long one at most as long as asked', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 100 }),
        fc.integer({ min: 2, max: 120 }),
        (text, maxChars) => {
          const kept = cut(text, maxChars)
          if (text.length <= maxChars) expect(kept).toBe(text)
          expect(kept.length).toBeLessThanOrEqual(maxChars)
        },
      ),
    )
  })
})

describe('cutTokens', () => {
  it('keeps head and tail', () => {
    const ids = Int32Array.from({ length: 300 }, (_, i) => i)
    expect([...cutTokens(ids, 8)]).toEqual([0, 1, 294, 295, 296, 297, 298, 299])
    expect(cutTokens(ids.subarray(0, 8), 8)).toEqual(ids.subarray(0, 8))
  })
})
