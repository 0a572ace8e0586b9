import { describe, expect, it } from 'vitest'
import { agreement, comparable, optionsOf, readSignals } from './signals.ts'

const CHOICE = 'Which is a planet?\nA) Mars\nB) the Moon\nC) Sirius\nAnswer with one letter. Answer:'
const read = (answer: string, prompt = CHOICE) => readSignals(prompt, answer, 10)

describe('options', () => {
  it('are the last list of a prompt with examples', () => {
    expect(optionsOf(`Is it?\nA) no\nB) yes\nAnswer: B\n\n${CHOICE}`)).toEqual(['A', 'B', 'C'])
    expect(optionsOf('Pick.\n (A) one\n (B) two\n')).toEqual(['A', 'B'])
  })

  it('are none in a prompt without a list', () => {
    expect(optionsOf('Write a function. A) is not an option in the middle of a line.')).toEqual([])
    expect(optionsOf('Section\nA) only')).toEqual([])
  })
})

describe('of a multiple choice', () => {
  it.each(['B', 'B\n', ' (B)', 'B) the Moon', '"B"', '**B**', 'B.'])('%j picks B', (answer) => {
    expect(read(answer)).toMatchObject({ choice: 'B', broken: false, declines: false, choices: 3 })
  })

  it.each(['I do not have enough information.', 'Unfortunately I', 'There is not enough context'])(
    '%j declines',
    (answer) => expect(read(answer)).toMatchObject({ choice: null, broken: true, declines: true }),
  )

  it.each(['E', 'Mars', 'Because'])('%j is no option', (answer) => {
    expect(read(answer)).toMatchObject({ choice: null, broken: true, declines: false })
  })
})

describe('of a worked solution', () => {
  it('the number at its end counts, as a number', () => {
    const signals = read('First 12 + 3 = 15.\nSo he pays $1,500.00.', 'How much does he pay?')
    expect(signals).toMatchObject({ choice: '1500', broken: false })
    expect(read('There were 3.\nNo number here.', 'How many?').choice).toBeNull()
  })
})

describe('of code', () => {
  const ask = 'Write a function that adds.'
  const fenced = (code: string) => read(`Here it is:\n\`\`\`python\n${code}\n\`\`\`\nIt works.`, ask)

  it.each(['def add(a, b):\n    return a + b', 'print(")")', "x = '['  # (", 'text = """ ( """'])(
    '%j may run',
    (code) => {
      expect(fenced(code).broken).toBe(false)
    },
  )

  it.each(['def add(a, b:\n    return a', 'return (a + b]', 'def add(a, b):'])('%j may not', (code) => {
    expect(fenced(code).broken).toBe(true)
  })

  it('counts, what is said about it does not', () => {
    const one = fenced('def add(a, b):\n    return a + b')
    const two = read('```\ndef add(a, b):\n    # the sum\n    return a + b\n```', ask)
    expect(comparable(one, two)).toBe(false)
    expect(agreement(one, two)).toBe(1)
    expect(agreement(one, fenced('def add(x, y):\n    return sum([x, y])'))).toBeLessThan(0.7)
  })

  it('is read without a fence too', () => {
    expect(read('def add(a, b):\n    return (a + b', ask).broken).toBe(true)
    expect(read('def add(a, b):\n    return a + b', ask)).toMatchObject({ broken: false, choice: null })
  })
})

describe('agreement', () => {
  it('of choices is to the letter', () => {
    expect(agreement(read('B'), read('B) the Moon'))).toBe(1)
    expect(agreement(read('B'), read('A'))).toBe(0)
    expect(comparable(read('B'), read('A'))).toBe(true)
    expect(comparable(read('B'), read('I do not know'))).toBe(false)
  })

  it('of texts is the share of pairs of words in common', () => {
    const [a, b] = ['the cat sat here', 'the cat sat there'].map((answer) => read(answer, 'Describe.'))
    // Pairs: the cat, cat sat, sat here, here _ and the cat, cat sat, sat there, there _.
    expect(agreement(a!, b!)).toBeCloseTo(2 / 6, 12)
    expect(agreement(a!, b!)).toBe(agreement(b!, a!))
  })
})

it('hedging is heard', () => {
  expect(read('It might be Mars, I think.', 'Which?').hedges).toBe(true)
  expect(read('It is Mars.', 'Which?').hedges).toBe(false)
})

describe('sureness', () => {
  const sureness = (logprob: number | null) => readSignals('Why?', 'Because.', 3, logprob).sureness

  it('is the logit of the probability, within bounds', () => {
    expect(sureness(Math.log(0.5))).toBeCloseTo(0, 12)
    expect(sureness(Math.log(0.9))).toBeCloseTo(Math.log(9), 12)
    expect(sureness(Math.log(0.1))).toBeCloseTo(-Math.log(9), 12)
    // What OpenAI writes for "very unlikely", and for a token that was certain.
    expect([sureness(-9999), sureness(0), sureness(-1e-12)]).toEqual([-9, 9, 9])
  })

  it('is not known where the upstream did not say', () => {
    expect([sureness(null), readSignals('Why?', 'Because.', 3).sureness]).toEqual([null, null])
  })
})
