/** Makes any text fit for one line of a log that strangers may read: no secrets, no control characters, bounded. */

/** What a redacted secret becomes. */
const MASK = '[redacted]'
/** Characters; longer texts are cut. */
const MAX_LENGTH = 1000

const SECRETS: readonly RegExp[] = [
  // Prefixes that vendors give their keys.
  /\b(?:sk|pk|rk|ak|gsk|xai|hf|ghp|gho|ghs|github_pat|glpat|xox[abprs]|pplx|nvapi|r8|AKIA|ASIA|AIza|ya29)[-_.A-Za-z0-9]{8,}/g,
  // JSON web tokens.
  /\beyJ[-_A-Za-z0-9]{4,}\.[-_A-Za-z0-9]{4,}(?:\.[-_A-Za-z0-9]*)?/g,
  // Credentials behind the words that announce them.
  /\b(?:bearer|basic)\s+[^\s"',;]+/gi,
  /\b(?:x-api-key|api[-_]?key|access[-_]?token|token|secret|password|authorization|key)["']?\s*[:=]\s*["']?[^\s"',;&]+/gi,
  /(?<=:\/\/)[^\s/@]+@/g,
]
/** Anything else long that mixes letters and digits and is no word, path or model name. */
const DENSE = /[A-Za-z0-9+=_]{20,}/g
/** Identifiers of our own are dense too: ULID, SHA-256. */
const OURS = /^(?:[0-9A-HJKMNP-TV-Z]{26}|[0-9a-f]{64})$/

/** Replaces whatever looks like a key, and every one of the `known` secrets, also in part of a longer text. */
export function redactSecrets(text: string, known: readonly string[]): string {
  let clean = text
  // The longest first: one may begin with another. An empty one would be found everywhere.
  const longestFirst = known.filter((secret) => secret !== '').sort((a, b) => b.length - a.length)
  for (const secret of longestFirst) clean = clean.replaceAll(secret, MASK)
  for (const pattern of SECRETS) clean = clean.replace(pattern, MASK)
  return clean.replace(DENSE, (run) => {
    const dense = /[A-Za-z]/.test(run) && /[0-9]/.test(run)
    return dense && !OURS.test(run) ? MASK : run
  })
}

/** Cuts a long text. Done after redaction, so that no key escapes by being cut in two. */
export function cutLong(text: string): string {
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text
}

/**
 * JSON text without any character that could end a line, move a cursor or turn the writing direction: beyond what JSON
 * escapes itself, the Unicode classes of controls (C1, DEL), formats (bidirectional marks, zero widths) and separators.
 */
export function toPlainJson(value: unknown): string {
  return JSON.stringify(value).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}
