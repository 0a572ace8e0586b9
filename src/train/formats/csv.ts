/** CSV as RFC 4180 defines it: fields in quotes may hold commas, line breaks and doubled quotes. A byte order mark is skipped. */
import { SwitchyardError } from '../../errors.ts'

export interface CsvRecord {
  /** Of the text, from 1: where the record begins. */
  readonly line: number
  readonly fields: readonly string[]
}

const PLAIN = /[^,"\r\n]*/y
const BREAK = /\r\n?|\n/g

/**
 * The records of a text, the header included; empty lines are none. `path` is for messages.
 * Throws `data_invalid` with the line of a quote that is not closed, or that stands where none may.
 */
export function* parseCsv(text: string, path: string): Generator<CsvRecord> {
  let at = text.startsWith('\uFEFF') ? 1 : 0
  let line = 1

  function readQuoted(): string {
    const began = at
    let value = ''
    for (;;) {
      const close = text.indexOf('"', at + 1)
      if (close < 0) throw invalid(path, line, 'a quoted field is not closed')
      value += text.slice(at + 1, close)
      at = close + 1
      if (text[at] !== '"') break
      value += '"'
    }
    line += text.slice(began, at).match(BREAK)?.length ?? 0
    if (at < text.length && !',\r\n'.includes(text[at]!)) throw invalid(path, line, 'text follows a quoted field')
    return value
  }

  function readPlain(): string {
    PLAIN.lastIndex = at
    const value = PLAIN.exec(text)![0]
    at += value.length
    if (text[at] === '"') throw invalid(path, line, 'a quote stands inside a field that does not begin with one')
    return value
  }

  while (at < text.length) {
    const began = line
    const fields = [text[at] === '"' ? readQuoted() : readPlain()]
    while (text[at] === ',') {
      at++
      fields.push(text[at] === '"' ? readQuoted() : readPlain())
    }
    if (at < text.length) {
      at += text.startsWith('\r\n', at) ? 2 : 1
      line++
    }
    if (fields.length > 1 || fields[0] !== '') yield { line: began, fields }
  }
}

function invalid(path: string, line: number, what: string): SwitchyardError {
  return new SwitchyardError(
    'data_invalid',
    `${path}, line ${line}: ${what}. Fields with commas, quotes or line breaks stand in quotes, quotes within are doubled.`,
  )
}
