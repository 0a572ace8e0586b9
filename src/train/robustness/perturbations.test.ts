import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandom } from '../random.ts'
import { perturbations } from './perturbations.ts'

const named = (name: string) => perturbations.find((one) => one.name === name)!
/** Draws the given numbers in turn, then the last of them for ever. */
const draws = (...values: readonly number[]) => {
  let at = 0
  return () => values[Math.min(at++, values.length - 1)]!
}

describe('by hand', () => {
  it('case: the whole in small letters or in capitals, but no single letter, name, number or address', () => {
    const text = 'What did Anna buy? A) Tea B) 2 cups of milk_tea from http://Shop.com'
    expect(named('case').apply(text, () => 0)).toBe(
      'what did anna buy? A) tea B) 2 cups of milk_tea from http://Shop.com',
    )
    expect(named('case').apply(text, () => 0.9)).toBe(
      'WHAT DID ANNA BUY? A) TEA B) 2 CUPS OF milk_tea FROM http://Shop.com',
    )
  })

  it('whitespace: one more blank within lines and at their ends, none where a line begins', () => {
    expect(named('whitespace').apply('One two\n  - three\nfour', () => 0)).toBe('One  two \n  -  three \nfour')
    expect(named('whitespace').apply('One two', () => 0.5)).toBe('One two')
  })

  it('typos: inner letters swapped, left out or doubled, of words long enough', () => {
    const typo = (kind: number) => named('typos').apply('paint', draws(0, 0.5, kind))
    expect([typo(0.1), typo(0.5), typo(0.9)]).toEqual(['panit', 'pant', 'paiint'])
    expect(named('typos').apply('the cat', () => 0)).toBe('the cat')
  })

  it('paraphrase: openings, contractions, synonyms, either way round', () => {
    const reword = (text: string) => named('paraphrase').apply(text, () => 0)
    expect(reword('Write a poem.')).toBe('Please write a poem.')
    expect(reword('Please write a poem.')).toBe('Write a poem.')
    expect(reword('How often does it rain?')).toBe('Can you tell me this: how frequently does it rain?')
    expect(reword('Do not calculate it.')).toBe("Don't compute it.")
    expect(reword("Don’t stop; it isn't over.")).toBe('Don’t stop; it is not over.')
    expect(reword('The cat sat.')).toBe('The cat sat.')
  })

  it('code is no prose: fenced, in backticks, indented, or a line that reads as code', () => {
    const code = [
      '```python\nchoose the often used\n```',
      '`often choose this`',
      '    often choose this',
      'def choose(often): return often',
      'often = choose(difficult);',
    ]
    for (const { name, apply } of perturbations.slice(0, 4))
      for (const text of code)
        expect(
          apply(`\n${text}\n`, () => 0),
          name,
        ).toContain(text)
    const open = '```\noften choose this'
    for (const { name, apply } of perturbations.slice(0, 4))
      expect(
        apply(open, () => 0),
        name,
      ).toBe(open)
  })
})

const prose = fc.array(
  fc.constantFrom('Often', 'people', 'choose', 'tea,', 'not', 'coffee.', 'Why?', "don't", 'A)', '\n'),
)
const piece = fc.oneof(
  prose.map((words) => words.join(' ')),
  fc.integer().map(String),
  fc.double({ noNaN: true }).map(String),
  fc.constantFrom('请问今天天气怎么样？', 'これは何ですか。', '한국어 문장입니다', 'naïve café', '🙂'),
  fc.string().map((inner) => `\`\`\`\n${inner.replaceAll('`', '')}\n\`\`\``),
)
const prompt = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('\n'))

describe('whatever the prompt', () => {
  const fences = (text: string) => text.match(/```[\s\S]*?```/gu) ?? []
  const digits = (text: string) => text.replace(/\D/gu, '')
  /** All but ASCII. */
  const foreign = (text: string) => text.replace(/[\0-\x7f]/gu, '')

  it('the same draws give the same text', () => {
    fc.assert(
      fc.property(prompt, fc.nat(), (text, seed) => {
        for (const { apply } of perturbations)
          expect(apply(text, createRandom(seed))).toBe(apply(text, createRandom(seed)))
      }),
    )
  })

  it('fenced code, numbers and other scripts survive every change of wording', () => {
    fc.assert(
      fc.property(prompt, fc.nat(), (text, seed) => {
        for (const { name, apply } of perturbations.slice(0, 4)) {
          const changed = apply(text, createRandom(seed))
          expect(fences(changed), name).toEqual(fences(text))
          expect(digits(changed), name).toBe(digits(text))
          expect(foreign(changed), name).toBe(foreign(text))
        }
      }),
    )
  })

  it('case changes case alone, whitespace blanks alone, a typo no count of words', () => {
    fc.assert(
      fc.property(prompt, fc.nat(), (text, seed) => {
        const apply = (name: string) => named(name).apply(text, createRandom(seed))
        expect(apply('case').toLowerCase()).toBe(text.toLowerCase())
        expect(apply('whitespace').replace(/[ \n]/gu, '')).toBe(text.replace(/[ \n]/gu, ''))
        expect(apply('typos').split(/\s+/u)).toHaveLength(text.split(/\s+/u).length)
      }),
    )
  })

  it('a prefix and a suffix leave the prompt whole', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), (text, seed) => {
        expect(named('prefix').apply(text, createRandom(seed)).endsWith(text)).toBe(true)
        expect(named('suffix').apply(text, createRandom(seed)).startsWith(text)).toBe(true)
      }),
    )
  })
})
