/** The text of a configuration file, JSON with comments or YAML, as a value. */
import { LineCounter, parseDocument } from 'yaml'
import type { Problem } from './config.ts'
import { type ConfigText, type ReportAt, readJson, readText } from './json.ts'

/** JSON may have comments and trailing commas. Syntax errors and keys given twice carry line and column. */
export function parseText(file: ConfigText): { value: unknown } | { problems: Problem[] } {
  return readText(file, /\.ya?ml$/i.test(file.path) ? readYaml : readJson)
}

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
