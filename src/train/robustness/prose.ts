/** The prose of a prompt: what may be worded otherwise without touching code. */

/**
 * Code: fenced (a fence that is never closed reaches to the end), between backticks, and lines that are indented as code is, that begin
 * as statements do or end as they do.
 */
const CODE =
  /(?<fence>```|~~~)[\s\S]*?(?:\k<fence>|(?![\s\S]))|`[^`\n]+`|^(?: {4}|\t|>>> |(?:def|class|import|from \S+ import|return|assert|const|let|var|function|public|private|static|SELECT|INSERT|UPDATE|#include)\b).*|^.*(?:[{};]|=>|==|\):)[ \t]*$/gmu

/** Words of ASCII letters, with or without an apostrophe, between blanks, quotes and the marks of a sentence: no part of a name, formula, number or address. */
export const WORD = /(?<=^|[\s"“‘'(])[A-Za-z]+(?:['’][A-Za-z]+)?(?=[.,;:!?]*["”’')]*[.,;:!?]*(?:\s|$))/gu

/** `text` with the matches of `pattern`, which has no groups, replaced where they touch no code. */
export function replaceInProse(text: string, pattern: RegExp, replace: (match: string) => string): string {
  const code = Array.from(text.matchAll(CODE), ({ index, 0: match }) => ({ from: index, to: index + match.length }))
  return text.replace(pattern, (match: string, at: number) =>
    code.some(({ from, to }) => at < to && at + match.length > from) ? match : replace(match),
  )
}
