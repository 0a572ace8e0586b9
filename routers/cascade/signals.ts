/**
 * What an answer says of itself, and two answers of each other, without another call: the option it picks, whether it declines or hedges,
 * whether its code could run, how long it is, how sure its model was of its words. Cheap rules, bounded in cost; none is right about every answer, so nothing is
 * decided by them: they are the input of `acceptance.ts` and `checks.ts`, which learn what each is worth.
 */
import { clamp } from '../math.ts'

export interface AnswerSignals {
  /** What the answer comes to where that is one of the options or a number: comparable to the letter. */
  readonly choice: string | null
  /** Hashes of the pairs of neighbouring words and signs, ascending; of the code where there is some. */
  readonly pairs: Uint32Array
  /** Declines to answer, or says that it cannot. */
  readonly declines: boolean
  readonly hedges: boolean
  /** Not one of the options asked for, or code whose brackets do not match or that is cut short. */
  readonly broken: boolean
  /** How many different choices there are: options, 10 for a number. */
  readonly choices: number
  readonly outputTokens: number
  /** How probable its less probable tokens were to its model, in logits; `null` = not known. */
  readonly sureness: number | null
}

/** In logits: what is surer than that, one in ten thousand, no training set could tell apart. */
const MOST_SURE = 9

/** Only so much of prompt and answer is read, from the end of the one and the beginning of the other. */
const MAX_READ_CHARS = 8_000
/** Characters at the beginning in which an answer declines, if it does. */
const OPENING_CHARS = 200

/** A number may be any; two that are equal by chance are as rare as one option of so many. */
const NUMBERS = 10

const OPTION = /(?:^|\n)[ \t]*\(?([A-Z])[).:][ \t]/g
const PICKED = /^[\s"'*(]*([A-Z])(?![\p{L}\d'’])/u
const NUMBER = /-?\d[\d,]*(?:\.\d+)?/g
const CODE_BLOCK = /```[\w+-]*[ \t]*\r?\n([\s\S]*?)(?:```|$)/
const CODE_LINE = /^[ \t]*(?:def|class|import|from|return|function|const|let|var|public|static|fn|func|#include)\b/m
const COMMENT = /^[ \t]*(?:#|\/\/).*$/gm
const DECLINES =
  /\b(?:I (?:do not|don't|cannot|can't|can not|am unable|am not able|apologi[sz]e)|I'm (?:unable|not able|sorry)|(?:un)?fortunately|sorry|as an AI|there is (?:no|not)|not enough (?:information|context)|cannot (?:be )?(?:determined?|answer))/i
const HEDGES =
  /\b(?:not (?:entirely )?(?:sure|certain)|might be|may be|possibly|perhaps|probably|it depends|ambiguous|unclear|I (?:think|believe|guess|assume))\b/i
const STRING_OR_COMMENT =
  /"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|^[ \t]*\/\/.*$|(?:^|[ \t])#.*$/gm
const BRACKETS: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' }

/**
 * @param prompt the question as the client sent it, the last turn at least
 * @param logprob as in `StepAnswer`
 */
export function readSignals(
  prompt: string,
  answer: string,
  outputTokens: number,
  logprob: number | null = null,
): AnswerSignals {
  const text = answer.slice(0, MAX_READ_CHARS)
  const options = optionsOf(prompt.slice(-MAX_READ_CHARS))
  const code = codeOf(text)
  const letter = PICKED.exec(text)?.[1]
  const picked = letter !== undefined && options.includes(letter) ? letter : null
  const opening = text.slice(0, OPENING_CHARS)
  return {
    choice: options.length > 0 ? picked : code === null ? lastNumber(text) : null,
    pairs: pairsOf((code ?? text).replace(COMMENT, '')),
    declines: DECLINES.test(opening) && picked === null,
    hedges: HEDGES.test(text),
    broken: options.length > 0 ? picked === null : code !== null && !closes(code),
    choices: options.length > 0 ? options.length : NUMBERS,
    outputTokens,
    sureness: logprob === null ? null : surenessOf(logprob),
  }
}

/** The logit of a probability that is given by its logarithm: where a model knows exactly how sure it may be, that of being right. */
function surenessOf(logprob: number): number {
  return clamp(logprob - Math.log(-Math.expm1(logprob)), -MOST_SURE, MOST_SURE)
}

/** In [0, 1]: 1 where both come to the same, else the share of their pairs of words that they have in common (Jaccard). */
export function agreement(a: AnswerSignals, b: AnswerSignals): number {
  if (a.choice !== null && b.choice !== null) return a.choice === b.choice ? 1 : 0
  let common = 0
  for (let i = 0, j = 0; i < a.pairs.length && j < b.pairs.length; ) {
    const [left, right] = [a.pairs[i]!, b.pairs[j]!]
    if (left === right) common++
    if (left <= right) i++
    if (right <= left) j++
  }
  const all = a.pairs.length + b.pairs.length - common
  return all === 0 ? 1 : common / all
}

/** Whether the two can be compared to the letter. */
export function comparable(a: AnswerSignals, b: AnswerSignals): boolean {
  return a.choice !== null && b.choice !== null
}

/** Letters of the last list of options in a prompt: `A)`, `B.`, `(C)` at the beginning of lines, from A on. */
export function optionsOf(prompt: string): string[] {
  const letters = [...prompt.matchAll(OPTION)].map((match) => match[1]!)
  const last = letters.lastIndexOf('A')
  if (last < 0) return []
  const run = letters.slice(last)
  const end = run.findIndex((letter, i) => letter.charCodeAt(0) !== 65 + i)
  const options = end < 0 ? run : run.slice(0, end)
  return options.length > 1 ? options : []
}

/** The first block of code; the whole text where it looks like code without a fence. */
function codeOf(text: string): string | null {
  return CODE_BLOCK.exec(text)?.[1] ?? (CODE_LINE.test(text) ? text : null)
}

/** The last number of the last line: what a worked solution comes to. */
function lastNumber(text: string): string | null {
  const line = text.trimEnd().split('\n').at(-1)!
  const last = line.match(NUMBER)?.at(-1)
  return last === undefined ? null : `${Number(last.replaceAll(',', ''))}`
}

function pairsOf(text: string): Uint32Array {
  const words = text.toLowerCase().match(/[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? []
  return Uint32Array.from(new Set(words.map((word, i) => hash(`${word} ${words[i + 1] ?? ''}`)))).sort()
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let state = 0x811c9dc5
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193)
  return state >>> 0
}

/** Whether every bracket outside of strings and comments is closed in turn, and the last line does not wait for more. */
function closes(code: string): boolean {
  const bare = code.replace(STRING_OR_COMMENT, (found) => (/^["']/.test(found) ? '_' : ''))
  const open: string[] = []
  for (const [sign] of bare.matchAll(/[()[\]{}]/g)) {
    const partner = BRACKETS[sign]
    if (partner === undefined) open.push(sign)
    else if (open.pop() !== partner) return false
  }
  return open.length === 0 && !/[:,=+\\]\s*$/.test(bare)
}
