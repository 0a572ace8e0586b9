import { expect, it } from 'vitest'
import { parsePythonStrings } from './pythonStrings.ts'

it.each([
  // As `repr` prints them (Python 3.12).
  [`['one']`, ['one']],
  [`['a', "it's", 'say "hi"', 'both \\' and "']`, ['a', "it's", 'say "hi"', `both ' and "`]],
  [`['line\\nbreak\\ttab\\\\n', 'caf\\xe9 \\u2028 \\U0001f600é']`, ['line\nbreak\ttab\\n', 'café \u2028 😀é']],
  [`['a],', 'b']`, ['a],', 'b']],
])('reads %s', (text, items) => {
  expect(parsePythonStrings(text)).toEqual(items)
})

it.each(['plain', `['open'`, `['a'] and more`, '[1, 2]', `['a' 'b']`, `['a', 1]`, ''])('leaves %j alone', (text) => {
  expect(parsePythonStrings(text)).toBeNull()
})
