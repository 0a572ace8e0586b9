/**
 * Log-probabilities of a chat completion's tokens: how sure the model was of its words, read from an answer that has them, asked for
 * without the client having asked, and then taken out again.
 */
import { skipString } from './body.ts'
import { fieldsOf, itemsOf } from './json.ts'
import type { Fields } from './read.ts'

/** Of the tokens at most this share were less probable. */
const QUANTILE = 0.1

/** The tokens' own log-probabilities in a choice, or in a chunk's; none where it has none. Those of a refusal are left out: it is no answer. */
export function tokenLogprobs(choice: Fields): number[] {
  return itemsOf(fieldsOf(choice.logprobs).content).flatMap((token) => {
    const { logprob } = fieldsOf(token)
    // `-1e999` is JSON, too.
    return typeof logprob === 'number' && logprob <= 0 && Number.isFinite(logprob) ? [logprob] : []
  })
}

/**
 * One number for a whole answer: the lowest tenth of its tokens' log-probabilities, by nearest rank; of ten tokens or fewer the lowest. `null` of none.
 *
 * It is `Chow-Quantile` of Gupta et al. 2024 (arXiv 2404.10136), at 0.9 of the uncertainty. Their sum makes every long answer look unsure, and in their mean the
 * many tokens that no model would get wrong hide the few that matter: both follow the length. The lowest one of all does so too, less: an answer of hundreds
 * of tokens has a rare word somewhere. A margin between the two likeliest tokens (UCCI, arXiv 2605.18796) needs `top_logprobs`, which makes answers longer still;
 * where the model hesitates between two words alone, it follows from the probability of the one that was taken.
 */
export function lowLogprob(logprobs: readonly number[]): number | null {
  const ascending = Float64Array.from(logprobs).sort()
  return ascending[Math.ceil(QUANTILE * ascending.length) - 1] ?? null
}

const ASKED = new TextEncoder().encode('"logprobs":true,')
const KEY = new TextEncoder().encode('"logprobs"')
const NULL = new TextEncoder().encode('null')

const QUOTE = 0x22
const COLON = 0x3a
const BACKSLASH = 0x5c
const OPEN = 0x7b
const CLOSE = 0x7d
/** Space, tab, line feed, carriage return. */
const BLANK: ReadonlySet<number | undefined> = new Set([0x20, 0x09, 0x0a, 0x0d])

/** @param body a JSON object that has members, none of them `logprobs` */
export function withLogprobs(body: Uint8Array): Uint8Array {
  const at = body.indexOf(OPEN) + 1
  return splice(body, [{ from: at, to: at }], ASKED)
}

/** The answer as it comes where nobody asks for them: `null` in their place, and every other byte as it was. */
export function withoutLogprobs(bytes: Uint8Array): Uint8Array {
  const spans: Span[] = []
  for (let at = find(bytes, 0); at >= 0; at = find(bytes, at)) {
    at = skipBlank(bytes, at + KEY.length)
    // Inside a string it would stand between escaped quotes; a value is followed by no colon.
    if (bytes[at] !== COLON) continue
    const from = skipBlank(bytes, at + 1)
    at = skipObject(bytes, from)
    if (at > from) spans.push({ from, to: at })
  }
  return spans.length === 0 ? bytes : splice(bytes, spans, NULL)
}

interface Span {
  readonly from: number
  readonly to: number
}

/** Where the key stands next, from `start` on; −1: nowhere. */
function find(bytes: Uint8Array, start: number): number {
  for (let at = bytes.indexOf(QUOTE, start); at >= 0; at = bytes.indexOf(QUOTE, at + 1)) {
    if (bytes[at - 1] !== BACKSLASH && KEY.every((byte, i) => bytes[at + i] === byte)) return at
  }
  return -1
}

function skipBlank(bytes: Uint8Array, start: number): number {
  let at = start
  while (BLANK.has(bytes[at])) at++
  return at
}

/** The index after the object that begins at `start`; `start` itself where none does, or none ends. */
function skipObject(bytes: Uint8Array, start: number): number {
  let depth = 0
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) at = skipString(bytes, at) - 1
    else if (byte === OPEN) depth++
    else if (byte === CLOSE) depth--
    if (depth === 0) return byte === CLOSE ? at + 1 : start
  }
  return start
}

function splice(bytes: Uint8Array, spans: readonly Span[], put: Uint8Array): Uint8Array {
  const cut = spans.reduce((sum, { from, to }) => sum + to - from, 0)
  const out = new Uint8Array(bytes.length - cut + spans.length * put.length)
  let [read, written] = [0, 0]
  for (const { from, to } of spans) {
    out.set(bytes.subarray(read, from), written)
    written += from - read
    out.set(put, written)
    written += put.length
    read = to
  }
  out.set(bytes.subarray(read), written)
  return out
}
