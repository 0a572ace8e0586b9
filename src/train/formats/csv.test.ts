import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseCsv } from './csv.ts'

const parse = (text: string) => [...parseCsv(text, 'x.csv')]
const fields = (text: string) => parse(text).map((record) => record.fields)

it('reads quoted commas, quotes and line breaks, and counts lines through them', () => {
  expect(parse('a,b\r\n"x, ""y""\nz",2\n\n3,""\n')).toEqual([
    { line: 1, fields: ['a', 'b'] },
    { line: 2, fields: ['x, "y"\nz', '2'] },
    { line: 5, fields: ['3', ''] },
  ])
})

it('reads empty fields at either end, a last line without a break, and skips a byte order mark', () => {
  expect(fields('\uFEFFa,b,c\n,,\n1,,\r,2,"3"')).toEqual([
    ['a', 'b', 'c'],
    ['', '', ''],
    ['1', '', ''],
    ['', '2', '3'],
  ])
  expect(fields('')).toEqual([])
})

it.each([
  ['a,b\n1,"open\nand on', /x\.csv, line 2: a quoted field is not closed/],
  ['a\n"two\nlines"x', /line 3: text follows a quoted field/],
  ['a\n5" pipe', /line 2: a quote stands inside/],
])('refuses %j with the line', (text, message) => {
  expect(() => parse(text)).toThrow(
    expect.objectContaining({ code: 'data_invalid', message: expect.stringMatching(message) }),
  )
})

it('gives back whatever was written, by quoting all or only what needs it', () => {
  const cell = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', ' ', 'é') })
  const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { maxLength: 6 })
  const quote = (text: string) => `"${text.replaceAll('"', '""')}"`
  fc.assert(
    fc.property(table, fc.boolean(), fc.constantFrom('\n', '\r\n'), (rows, always, end) => {
      const write = (text: string) => (always || /[,"\r\n]/.test(text) ? quote(text) : text)
      expect(fields(rows.map((row) => row.map(write).join(',') + end).join(''))).toEqual(rows)
    }),
  )
})
