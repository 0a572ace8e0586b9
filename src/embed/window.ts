/**
 * Cuts a conversation to what an encoder can read, before tokenizing: the cost must not depend on the prompt's length.
 */
import type { Turn } from '../spec.ts'

/**
 * Of a text that is too long, this share of the window is its beginning and the rest its end: few-shot prompts
 * and pasted documents end with the actual question, while the beginning says what kind of task it is.
 */
export const HEAD_SHARE = 0.25

/** Tokens that the embedded encoder was trained on. */
export const WINDOW_TOKENS = 128

/**
 * Characters given to the tokenizer for a window of 128 tokens: English has 4 to 4.5 characters a token with the 8,000
 * pieces of the embedded encoder, rarely more than 5. What is still too long is cut again by tokens.
 */
export const WINDOW_CHARS = WINDOW_TOKENS * 5

/** Shorter pieces of a turn say nothing. */
const MIN_PIECE_CHARS = 16

/**
 * The text to embed: the last user turn, then as much of the other turns as fits, newest first; in the order of the
 * conversation, joined by newlines. The result is at most `maxChars` long, contains no half of a surrogate pair that was whole,
 * and does not keep the prompt it was cut from in memory.
 *
 * @param maxChars UTF-16 code units
 */
export function windowText(turns: readonly Turn[], maxChars: number = WINDOW_CHARS): string {
  const last = lastUserTurn(turns)
  if (last < 0) return ''
  const kept = new Map([[last, cut(turns[last]!.text, maxChars)]])
  let left = maxChars - kept.get(last)!.length
  for (let index = turns.length - 1; index >= 0 && left > MIN_PIECE_CHARS; index--) {
    const text = turns[index]!.text
    if (index === last || text === '') continue
    const piece = cut(text, left - 1)
    kept.set(index, piece)
    left -= piece.length + 1
  }
  return [...kept.keys()]
    .sort((a, b) => a - b)
    .map((index) => kept.get(index)!)
    .join('\n')
}

/** Index of the turn that asks: the last user turn, else the last turn, else -1. */
export function lastUserTurn(turns: readonly Turn[]): number {
  const index = turns.findLastIndex((turn) => turn.role === 'user' && turn.text !== '')
  return index >= 0 ? index : turns.length - 1
}

/** Head and tail of a text, at most `maxChars` together, with a newline between. */
export function cut(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text
  const head = Math.floor((maxChars - 1) * HEAD_SHARE)
  const tail = text.length - (maxChars - 1 - head)
  // Joined, not concatenated: engines represent slices and concatenations as views that would keep all of `text` alive.
  return [
    text.slice(0, splitsPair(text, head) ? head - 1 : head),
    text.slice(splitsPair(text, tail) ? tail + 1 : tail),
  ].join('\n')
}

/** Head and tail of token ids, at most `limit` together, in the shares of `cut`. */
export function cutTokens(ids: Int32Array, limit: number = WINDOW_TOKENS): Int32Array {
  if (ids.length <= limit) return ids
  const head = Math.floor(limit * HEAD_SHARE)
  const kept = new Int32Array(limit)
  kept.set(ids.subarray(0, head))
  kept.set(ids.subarray(ids.length - limit + head), head)
  return kept
}

function splitsPair(text: string, at: number): boolean {
  return at > 0 && isHigh(text.charCodeAt(at - 1)) && isLow(text.charCodeAt(at))
}

function isHigh(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff
}

function isLow(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff
}
