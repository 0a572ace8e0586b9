import { describe, expect, it } from 'vitest'
import { seeded } from '../fixtures.ts'
import { agree, type CheckExample, fitAlone, fitCheck, foresee, foreseeAlone, looksOf, usualOf } from './checks.ts'
import { isProven } from './fitChecks.ts'
import { readSignals } from './signals.ts'
import { settle, start } from './startOrCheck.ts'

const PROMPT = 'Which?\nA) a\nB) b\nC) c\nAnswer:'
const read = (answer: string, prompt = PROMPT) => readSignals(prompt, answer, 1)

describe('two answers agree', () => {
  it('to the letter, to the number, or to the word', () => {
    expect(agree(read('A'), read('(A) a'))).toBe(true)
    expect(agree(read('A'), read('B'))).toBe(false)
    expect(agree(read('So 12.', 'How many?'), read('It is 3 · 4 = 12', 'How many?'))).toBe(true)
    expect(agree(read('Because.', 'Why?'), read('because.', 'Why?'))).toBe(true)
    expect(agree(read('Because.', 'Why?'), read('Why not?', 'Why?'))).toBe(false)
  })
})

it('a candidate looks good against its own mean', () => {
  const usual = usualOf([
    [0.5, 0.9],
    [0.5, 0.5],
  ])
  expect(usual).toEqual([0, expect.closeTo(Math.log(9) / 2, 12)])
  expect([...looksOf([0.9, Number.NaN], usual)]).toEqual([expect.closeTo(Math.log(9), 12), Number.NaN])
})

describe('what is foreseen', () => {
  /** Of three options: two candidates are right with 0.6 each on their own, the third with 0.9; without a list all answer in words of their own. */
  const random = seeded(3)
  const examples = Array.from({ length: 6000 }, (_, i): CheckExample => {
    const listed = i % 2 === 0
    const picks = [0.6, 0.6, 0.9].map((chance) => (random() < chance ? 0 : 1 + Math.floor(2 * random())))
    const words = picks.map((pick, m) => (listed ? 'ABC'[pick]! : `${['one', 'two', 'three'][m]} says ${'xyz'[pick]}`))
    return {
      looks: [0, 0, 0],
      options: listed ? 3 : 0,
      answers: words.map((text) => read(text, listed ? PROMPT : 'Why?')),
      quality: picks.map((pick) => (pick === 0 ? 1 : 0)),
    }
  })
  const check = fitCheck(examples, [0, 1])

  it('is how often they agree, and how right they are where they do and where they do not', () => {
    const { agree, right, differ } = foresee(check, [0, 0, 0], 3)
    // Both right 0.36, both wrong in the same way 2 · 0.2² = 0.08.
    expect(agree).toBeCloseTo(0.44, 1)
    expect(right).toBeCloseTo(0.36 / 0.44, 1)
    expect(differ[0]).toBeCloseTo(0.24 / 0.56, 1)
    expect(differ[2]).toBeCloseTo(0.9, 1)
  })

  it('hangs on the kind of prompt', () => {
    const { agree } = foresee(check, [0, 0, 0], 0)
    expect(agree).toBeLessThan(0.02)
    const alone = foreseeAlone(fitAlone(examples), [0, 0, 0], 0)
    expect(alone[0]).toBeCloseTo(0.6, 1)
    expect(alone[2]).toBeCloseTo(0.9, 1)
  })

  it('does without those who are not able', () => {
    const { agree } = foresee(check, [0, 0, Number.NaN], 3)
    expect(agree).toBeCloseTo(0.44, 1)
  })
})

describe('whom to begin with', () => {
  const check = { members: [0, 1] as const, agree: 0.7, right: 0.9, differ: Float64Array.of(0.4, 0.5, 0.8) }
  const prospect = {
    alone: [0.7, 0.75, 0.9],
    checks: [check],
    costUsd: [0.001, 0.001, 0.02],
    able: [0, 1, 2],
    maxSteps: 3,
  }

  it('is what is worth most, with credit for stopping when two agree', () => {
    // Check: 0.7 · 0.9 + 0.3 · (0.8 − 20 λ) − 2 λ in thousandths; the dear one alone: 0.9 − 20 λ; the cheap one: 0.75 − λ.
    expect(start(prospect, 10)).toMatchObject({ arm: 0, check })
    expect(start(prospect, 10).worth).toBeCloseTo(0.63 + 0.3 * 0.6 - 0.02, 12)
    expect(start(prospect, 1)).toMatchObject({ arm: 2, check: null })
    expect(start(prospect, 200)).toMatchObject({ arm: 1, check: null })
  })

  it('counts on hearing how sure they are, where that will be heard', () => {
    const expected = [
      [0.9, 0.1, 0.8],
      [0.1, 0.2, 0.8],
    ]
    const outlook = { expected, chances: () => [0.1, 0.2, 0.8] }
    const heard = { ...check, sure: { agree: null, differ: outlook } }
    // The first of the two where it is sure, else the third for 0.2: (0.9 + 0.6) / 2.
    expect(start({ ...prospect, checks: [heard] }, 10).worth).toBeCloseTo(0.63 + 0.3 * 0.75 - 0.02, 12)
    const both = { ...check, sure: { agree: outlook, differ: outlook } }
    expect(start({ ...prospect, alone: [0, 0, 0], checks: [both] }, 10).worth).toBeCloseTo(0.75 - 0.02, 12)
    const answers = ['A', 'B'].map((text) => readSignals(PROMPT, text, 1, -1))
    const said = [answers[0]!, answers[1]!] as const
    expect(settle(heard, said, prospect, 10)).toEqual({ agree: false, candidate: 2, chance: 0.8 })
    expect(settle(heard, [said[0], said[0]], prospect, 10)).toMatchObject({ agree: true, chance: 0.9 })
    expect(settle(both, [said[0], said[0]], prospect, 10)).toEqual({ agree: true, candidate: 2, chance: 0.8 })
    expect(settle(both, [read('A'), read('A')], prospect, 10)).toMatchObject({ candidate: 1, chance: 0.9 })
  })

  it('needs both, and two steps', () => {
    expect(start({ ...prospect, able: [1, 2] }, 10)).toMatchObject({ check: null })
    expect(start({ ...prospect, maxSteps: 1 }, 10)).toMatchObject({ check: null })
    expect(() => start({ ...prospect, able: [] }, 10)).toThrow(RangeError)
  })

  it('a third is asked only for what it costs', () => {
    const last = (given: Partial<typeof prospect>, lambda: number) =>
      settle(check, [read('A'), read('B')], { ...prospect, ...given }, lambda)
    expect(last({}, 10)).toEqual({ agree: false, candidate: 2, chance: 0.8 })
    // 0.8 − 16 · 0.02 < 0.5.
    expect(last({}, 16).candidate).toBe(1)
    expect(last({ able: [0, 1] }, 0).candidate).toBe(1)
    expect(last({ maxSteps: 2 }, 0).candidate).toBe(1)
    expect(settle(check, [read('A'), read('A')], prospect, 0)).toEqual({ agree: true, candidate: 1, chance: 0.9 })
  })
})

it('is proven only between two λ at which it is', () => {
  const proven = [-0.1, 0.1, 0.2, -0.1].map((low, k) => ({ lambda: 10 ** k, gain: 1, low }))
  expect([0, 5, 10, 50, 100, 500, 1e4].map((lambda) => isProven(proven, lambda))).toEqual([
    false,
    false,
    false,
    true,
    true,
    false,
    false,
  ])
})
