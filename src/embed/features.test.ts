import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Ask, Capability, Turn } from '../spec.ts'
import { estimateInputTokens, extractFeatures, FEATURES, isAllText } from './features.ts'
import { makeQuery } from './query.ts'
import { windowText } from './window.ts'

function ask(turns: readonly Turn[], rest: Partial<Ask> = {}): Ask {
  return { wire: 'openai', asked: 'auto', stream: false, turns, requires: new Set(), tools: 0, images: 0, ...rest }
}

const user = (text: string, rest: Partial<Ask> = {}) => ask([{ role: 'user', text }], rest)

function feature(of: Ask, name: string): number {
  return extractFeatures(of)[FEATURES.indexOf(name)]!
}

const asks = fc
  .record({
    turns: fc.array(
      fc.record({
        role: fc.constantFrom('system', 'user', 'assistant', 'tool'),
        text: fc.string({ unit: 'binary', maxLength: 400 }),
      }),
      { maxLength: 6 },
    ),
    tools: fc.nat(300),
    images: fc.nat(300),
  })
  .map(({ turns, ...rest }) => ask(turns, rest))

describe('isAllText', () => {
  const told = (one: Ask, text = windowText(one.turns)) => {
    const chars = one.turns.reduce((sum, turn) => sum + turn.text.length, 0)
    return isAllText(text, { chars, features: extractFeatures(one) })
  }

  it('is told of exactly those requests whose window is all of their turns, without images', () => {
    fc.assert(
      fc.property(asks, fc.nat(1), (one, images) => {
        const all = { ...one, images }
        const whole = windowText(all.turns) === all.turns.map(({ text }) => text).join('\n')
        expect(told(all)).toBe(whole && images === 0)
      }),
    )
  })

  it('is not fooled by line breaks that stand for what was cut', () => {
    const first = { role: 'system', text: 'a'.repeat(300) } as const
    const shorter = ask([first, { role: 'user', text: 'b'.repeat(339) }])
    const longer = ask([first, { role: 'user', text: 'b'.repeat(340) }])
    expect([windowText(shorter.turns).length, windowText(longer.turns).length]).toEqual([640, 640])
    expect([told(shorter), told(longer)]).toEqual([true, false])
  })
})

describe('extractFeatures', () => {
  it('gives one number in [0, 1] per name, for any text', () => {
    fc.assert(
      fc.property(asks, (one) => {
        const features = extractFeatures(one)
        expect(features).toHaveLength(FEATURES.length)
        for (const value of features) expect(value >= 0 && value <= 1, String(features)).toBe(true)
      }),
    )
  })

  it.each([
    ['digits', '12 + 34 = 46', 'twelve plus more'],
    ['math', 'x^2 + y^2 = z^2', 'the square of it'],
    ['code_words', 'def f(x):\n  return x == 1', 'define the word for me'],
    ['code_signs', 'a[i] = {b: (c)};', 'a of i is b to c'],
    ['cjk', '今天天气怎么样', 'how is the weather'],
    ['other_script', 'какая погода', 'how is the weather'],
    ['upper_case', 'WHY IS THAT', 'why is that'],
    ['line_breaks', 'a\nb\nc', 'a b c'],
    ['options', 'Which?\nA. one\nB. two\nC. three', 'Which of one, two and three is a prime?'],
    ['examples', 'Q: one\nA: two\nQ: three\nA:', 'one gives two, three gives what'],
    ['question', 'What is it?', 'Tell me about it.'],
    ['punctuation', 'well, so: yes.', 'well so yes'],
    ['length', 'a'.repeat(5000), 'a'.repeat(50)],
  ])('%s rises with what it names', (name, more, less) => {
    expect(feature(user(more), name)).toBeGreaterThan(feature(user(less), name))
  })

  it('counts turns, tools, images, context and the system prompt', () => {
    const plain = user('hi')
    const rich = ask(
      [
        { role: 'system', text: 'be kind' },
        { role: 'user', text: 'hi' },
      ],
      { tools: 2, images: 1 },
    )
    for (const name of ['turns', 'tools', 'images', 'system', 'context']) {
      expect(feature(plain, name), name).toBe(0)
      expect(feature(rich, name), name).toBeGreaterThan(0.1)
    }
  })

  it('describes the last user turn, not what follows or precedes it', () => {
    const turns: Turn[] = [
      { role: 'user', text: '111' },
      { role: 'user', text: 'words only' },
      { role: 'tool', text: '222' },
    ]
    expect(feature(ask(turns), 'digits')).toBe(0)
  })

  it('costs no more on texts made to be slow', () => {
    const reference = user('word '.repeat(1600))
    for (const text of [
      '\n'.repeat(100_000),
      '; '.repeat(50_000),
      ';'.concat(' '.repeat(100_000), 'x'),
      'q'.repeat(100_000),
    ]) {
      const ratio = fastest(() => extractFeatures(user(text))) / fastest(() => extractFeatures(reference))
      expect(ratio, JSON.stringify(text.slice(0, 4))).toBeLessThan(20)
    }
  })
})

describe('estimateInputTokens', () => {
  it('takes four Latin characters or one Chinese as a token, and adds images and tools', () => {
    expect(estimateInputTokens(user('a'.repeat(4000)))).toBe(1004)
    expect(estimateInputTokens(user('天'.repeat(1000)))).toBe(1004)
    expect(estimateInputTokens(user('', { images: 2 })) - estimateInputTokens(user(''))).toBe(1600)
    expect(estimateInputTokens(user('', { tools: 1 }))).toBeGreaterThan(estimateInputTokens(user('')))
  })

  it('never falls when a turn is added', () => {
    fc.assert(
      fc.property(asks, (one) => {
        const more = ask([...one.turns, { role: 'user', text: 'more' }], { tools: one.tools, images: one.images })
        expect(estimateInputTokens(more)).toBeGreaterThan(estimateInputTokens(one))
      }),
    )
  })
})

describe('makeQuery', () => {
  it('carries the requirements and the client’s limit only when it set one', () => {
    const requires = new Set<Capability>(['tools'])
    const vector = Float32Array.of(1)
    const query = makeQuery(user('hi', { requires, maxOutputTokens: 7 }), 'hi', vector)
    expect(query).toMatchObject({ text: 'hi', vector, requires, maxOutputTokens: 7, inputTokens: 5 })
    expect(makeQuery(user('hi'), 'hi', null)).not.toHaveProperty('maxOutputTokens')
  })
})

/** Milliseconds of the fastest of five. */
function fastest(work: () => unknown): number {
  return Math.min(
    ...Array.from({ length: 5 }, () => {
      const start = performance.now()
      work()
      return performance.now() - start
    }),
  )
}
