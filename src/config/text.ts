/** The text of a configuration file, JSON with comments or YAML, as a value. */
import { type ParseErrorCode, printParseErrorCode, visit } from 'jsonc-parser'
import { LineCounter, parseDocument } from 'yaml'
import type { Problem } from './config.ts'

export interface ConfigText {
  /** Its ending says what it is written in. */
  readonly path: string
  readonly text: string
}

/** JSON may have comments and trailing commas. Syntax errors and keys given twice carry line and column. */
export function parseText({ path, text }: ConfigText): { value: unknown } | { problems: Problem[] } {
  const problems: Problem[] = []
  const report = (line: number, column: number, message: string) =>
    void problems.push({ path: '', message: `${path}:${line}:${column}: ${message}.` })
  const clean = text.replace(/^\uFEFF/, '')
  const value = /\.ya?ml$/i.test(path) ? readYaml(clean, report) : readJson(clean, report)
  return problems.length > 0 ? { problems } : { value }
}

type ReportAt = (line: number, column: number, message: string) => void

function readYaml(text: string, report: ReportAt): unknown {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  for (const { pos, message } of document.errors) {
    const { line, col } = lines.linePos(pos[0])
    report(line, col, message)
  }
  if (document.errors.length > 0) return null
  try {
    return document.toJS()
  } catch (error) {
    report(1, 1, error instanceof Error ? error.message : String(error))
    return null
  }
}

function readJson(text: string, report: ReportAt): unknown {
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
