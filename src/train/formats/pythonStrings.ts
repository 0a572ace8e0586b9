/** Lists of strings as Python prints them, which is how pandas writes them into CSV files and how RouterBench stores prompts. */

const ITEM = /\s*(?:'([^'\\\n]*(?:\\[^\n][^'\\\n]*)*)'|"([^"\\\n]*(?:\\[^\n][^"\\\n]*)*)")\s*(,|\]$)/y
const ESCAPE = /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U(000[0-9a-f]{5}|0010[0-9a-f]{4})|([ntr\\'"]))/g
const ESCAPED: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' }

/** The strings of a list literal such as `['a', "it's"]`; `null` for any other text. */
export function parsePythonStrings(text: string): string[] | null {
  if (!text.startsWith('[')) return null
  const items: string[] = []
  ITEM.lastIndex = 1
  for (;;) {
    const found = ITEM.exec(text)
    if (found === null) return null
    items.push(readEscapes(found[1] ?? found[2] ?? ''))
    if (found[3] !== ',') return items
  }
}

/** What `repr` escapes. */
function readEscapes(text: string): string {
  return text.replace(ESCAPE, (_, byte, short, long, plain) => {
    const code: string | undefined = byte ?? short ?? long
    return code === undefined ? (ESCAPED[plain] ?? plain) : String.fromCodePoint(Number.parseInt(code, 16))
  })
}
