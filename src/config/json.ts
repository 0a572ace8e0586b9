/** JSON with comments and trailing commas, as a value. All that a runtime without files reads a configuration from. */
import { type ParseErrorCode, printParseErrorCode, visit } from 'jsonc-parser'
import type { Problem } from './config.ts'

/** Where a problem of the text is, counted from 1, and what it is. */
export type ReportAt = (line: number, column: number, message: string) => void

/** A text and its name for messages; of a file's name the ending says what it is written in. */
export interface ConfigText {
  readonly path: string
  readonly text: string
}

/** What `read` makes of the text, or what it reports, each with the text's name, line and column. */
export function readText(
  { path, text }: ConfigText,
  read: (text: string, report: ReportAt) => unknown,
): { value: unknown } | { problems: Problem[] } {
  const problems: Problem[] = []
  const value = read(text.replace(/^\uFEFF/, ''), (line, column, message) => {
    problems.push({ path: '', message: `${path}:${line}:${column}: ${message}.` })
  })
  return problems.length > 0 ? { problems } : { value }
}

/** Syntax errors and keys given twice are reported. */
export function readJson(text: string, report: ReportAt): unknown {
  let root: unknown
  const open: { readonly value: Record<string, unknown> | unknown[]; key: string }[] = []
  const put = (value: unknown) => {
    const holder = open.at(-1)
    if (!holder) root = value
    else if (Array.isArray(holder.value)) holder.value.push(value)
    // Not an assignment: `__proto__` is a key like any other.
    else
      Object.defineProperty(holder.value, holder.key, { value, enumerable: true, writable: true, configurable: true })
  }
  const begin = (value: Record<string, unknown> | unknown[]) => {
    put(value)
    open.push({ value, key: '' })
  }
  visit(
    text,
    {
      onObjectBegin: () => begin({}),
      onArrayBegin: () => begin([]),
      onObjectEnd: () => void open.pop(),
      onArrayEnd: () => void open.pop(),
      onObjectProperty: (key, _offset, _length, line, column) => {
        const holder = open.at(-1)!
        if (Object.hasOwn(holder.value, key)) report(line + 1, column + 1, `the key "${key}" is given twice`)
        holder.key = key
      },
      onLiteralValue: put,
      onError: (code: ParseErrorCode, _offset, _length, line, column) =>
        report(line + 1, column + 1, words(printParseErrorCode(code))),
    },
    { allowTrailingComma: true },
  )
  return root
}

/** `CloseBraceExpected` → `close brace expected`. */
function words(code: string): string {
  return code.replace(/(?<!^)[A-Z]/g, (letter) => ` ${letter}`).toLowerCase()
}
