import { describe, expect, it } from 'vitest'
import { gradeByRule } from './grade.ts'
import type { Check } from './prompts.ts'

const passes = (check: Check, answer: string) => gradeByRule({ check }, answer)
const matches = (reference: string, answer: string) => gradeByRule({ reference }, answer)

describe('a check', () => {
  it.each<[Check, string, 0 | 1]>([
    [{ contains: 'Paris' }, 'It is  paris, of course.', 1],
    [{ contains: ['red', 'blue'] }, 'Red and blue.', 1],
    [{ contains: ['red', 'blue'] }, 'Red.', 0],
    [{ equals: 'Ottawa' }, 'The answer is Ottawa.', 1],
    [{ equals: 'Ottawa' }, 'Ottawa, I think, or Toronto', 0],
    [{ regex: '^def \\w+' }, 'def f(): pass', 1],
    [{ regex: '^def \\w+' }, 'function f() {}', 0],
    [{ number: 1234.5 }, 'So it comes to **1,234.50** USD in 2024.', 1],
    [{ number: 42 }, 'First 6 times 7. The answer is 42, since 6 × 7 = 42.', 1],
    [{ number: 42 }, '6 × 7 = 41', 0],
    [{ number: 2.998, tolerance: 0.01 }, 'about 2.99', 1],
    [{ number: 2.998, tolerance: 0.001 }, 'about 2.99', 0],
    [{ number: -3 }, 'x = -3', 1],
    [{ number: 3 }, 'x = -3', 0],
    [{ choice: 'b' }, '(B) because it is warm.', 1],
    [{ choice: 'B' }, 'Between A and B, the answer is (A).', 0],
    [{ choice: 'C' }, 'C', 1],
    [{ choice: 'A' }, 'I do not know.', 0],
    [{ json: true }, '```json\n{"a": 1}\n```', 1],
    [{ json: true }, 'a: 1', 0],
    [{ json: ['name', 'age'] }, '{"name": "Ann", "age": 3}', 1],
    [{ json: ['name', 'age'] }, '{"name": "Ann"}', 0],
  ])('%j of %j is %d', (check, answer, expected) => {
    expect(passes(check, answer)).toBe(expected)
  })
})

describe('a reference', () => {
  it.each<[string, string, 0 | 1]>([
    ['Paris', 'paris.', 1],
    ['Paris', 'The answer is: Paris', 1],
    ['Paris', 'Let me think.\n\n**Paris**', 1],
    ['Paris', 'Paris or Lyon', 0],
    ['the Beatles', 'Beatles', 1],
    ['72', 'Natalia sold 48/2 = 24 in May, and 48 + 24 = 72.', 1],
    ['72', 'It is 27.', 0],
    ['1,000', '#### 1000', 1],
    ['18', 'So \\boxed{18}', 1],
    ['D', 'The correct answer is (D): mercury.', 1],
    ['D', 'A', 0],
  ])('%j, answered %j, is %d', (reference, answer, expected) => {
    expect(matches(reference, answer)).toBe(expected)
  })
})

it('lets a check count before a reference, and says nothing where there is neither', () => {
  expect(gradeByRule({ check: { contains: 'b' }, reference: 'a' }, 'b')).toBe(1)
  expect(gradeByRule({}, 'b')).toBeNull()
})
