/**
 * Cheap features of a request, beside its vector: they say what a vector hides (length, digits, code, script) and cost microseconds.
 * Each lies in [0, 1]. Counts and shares are squashed by x / (x + half), where `half` is about the median of those prompts that
 * have any, so that the feature is 0 without, near 0.5 for a usual amount, and never saturates.
 */
import type { Ask } from '../spec.ts'
import { cut, lastUserTurn } from './window.ts'

/** Names, in the order of `extractFeatures`. A policy stores them: add at the end, never reorder. */
export const FEATURES: readonly string[] = [
  'length',
  'context',
  'turns',
  'digits',
  'punctuation',
  'upper_case',
  'math',
  'code_signs',
  'code_words',
  'cjk',
  'other_script',
  'line_breaks',
  'word_length',
  'options',
  'examples',
  'question',
  'tools',
  'images',
  'system',
]

/** Only so much of the last user turn is read, head and tail, so that the cost is bounded. Lengths are those of the whole. */
const MAX_READ_CHARS = 8_000

/** Further turns at which their count is 0.5. */
const TURNS_HALF = 4

/** Characters at which the logarithmic length is 1. */
const LONG_CHARS = 100_000

const CODE_WORDS =
  /```|\b(?:def|class|import|return|function|const|var|public|static|void|struct|lambda|SELECT|elif|printf|println|assert|null|async)\b|=>|==|!=|\(\)|;[ \t]*$/gm
/** `A.`, `(b)`, `C)` or `D:` at the start of a line, or after a blank within one. */
const OPTIONS = /(?:^|\s)\(?[A-Ha-h][).:](?=\s)/gm
/** Worked examples before the question: `Q:`, `Input 2:`. */
const EXAMPLES = /^[ \t]*(?:q|question|a|answer|input|output|example|problem|solution|text|label)s?[ \t]*\d*:/gim
const QUESTION_WORD =
  /^[^\p{L}\n]{0,8}(?:what|who|whom|whose|which|when|where|why|how|is|are|was|were|do|does|did|can|could|would|should|will)\b/imu

/** The features of a request, in the order of `FEATURES`. */
export function extractFeatures(ask: Ask): Float64Array {
  const last = ask.turns[lastUserTurn(ask.turns)]?.text ?? ''
  const text = cut(last, MAX_READ_CHARS)
  const counts = countCharacters(text)
  const share = (count: number) => (text.length === 0 ? 0 : count / text.length)
  const context = ask.turns.reduce((sum, turn) => sum + turn.text.length, 0) - last.length
  return Float64Array.of(
    logLength(last.length),
    logLength(context),
    squash(Math.max(0, ask.turns.length - 1), TURNS_HALF),
    squash(share(counts.digits), 0.03),
    squash(share(counts.punctuation), 0.05),
    squash(share(counts.upper), 0.05),
    squash(share(counts.math), 0.01),
    squash(share(counts.code), 0.02),
    squash(countMatches(text, CODE_WORDS), 4),
    share(counts.cjk),
    share(counts.other),
    squash(share(counts.breaks), 0.02),
    squash(counts.words === 0 ? 0 : counts.letters / counts.words, 5),
    squash(countMatches(text, OPTIONS), 4),
    squash(countMatches(text, EXAMPLES), 4),
    (Number(/[?？]/.test(text)) + Number(QUESTION_WORD.test(text))) / 2,
    squash(ask.tools, 3),
    squash(ask.images, 1),
    ask.turns.some((turn) => turn.role === 'system') ? 1 : 0,
  )
}

/**
 * Whether the windowed text of a request is all of it: every turn whole, none without text (it calls tools), and no image. By what a log keeps of a request.
 *
 * @param text see `windowText`
 * @param chars of all turns together
 */
export function isAllText(
  text: string,
  { chars, features }: { readonly chars: number; readonly features: ArrayLike<number> },
): boolean {
  // A turn that was cut lacks a character or more, one that was left out its line break too.
  const breaks = text.length - chars
  const whole = breaks >= 0 && features[FEATURES.indexOf('turns')] === squash(breaks, TURNS_HALF)
  return whole && features[FEATURES.indexOf('images')] === 0
}

/** An image's tokens differ by vendor, size and detail; this is about a 1024 × 768 one. */
const TOKENS_PER_IMAGE = 800
/** Role markers and separators of the chat template. */
const TOKENS_PER_TURN = 4
/** A tool's name, description and schema, which are not part of the turns. */
const TOKENS_PER_TOOL = 100
const CHARS_PER_TOKEN = 4
/** Characters looked at per turn, evenly spread, to learn its share of dense scripts. */
const SAMPLES_PER_TURN = 2_048

/**
 * The input tokens that the whole request will be billed for, estimated from characters: about 4 a token in alphabetic
 * scripts, 1 in Chinese, Japanese and Korean. Good to some 20 % for prose; code and digits have more tokens than this says.
 */
export function estimateInputTokens(ask: Ask): number {
  let tokens = 0
  for (const { text } of ask.turns) {
    const step = Math.max(1, Math.floor(text.length / SAMPLES_PER_TURN))
    let dense = 0
    let seen = 0
    for (let at = 0; at < text.length; at += step, seen++) if (isCjk(text.charCodeAt(at))) dense++
    const denseChars = seen === 0 ? 0 : (dense / seen) * text.length
    tokens += TOKENS_PER_TURN + denseChars + (text.length - denseChars) / CHARS_PER_TOKEN
  }
  return Math.ceil(tokens + ask.images * TOKENS_PER_IMAGE + ask.tools * TOKENS_PER_TOOL)
}

interface Counts {
  digits: number
  punctuation: number
  upper: number
  math: number
  code: number
  cjk: number
  other: number
  breaks: number
  letters: number
  /** Runs of ASCII letters. */
  words: number
}

/** One pass over UTF-16 code units. */
function countCharacters(text: string): Counts {
  const counts: Counts = {
    digits: 0,
    punctuation: 0,
    upper: 0,
    math: 0,
    code: 0,
    cjk: 0,
    other: 0,
    breaks: 0,
    letters: 0,
    words: 0,
  }
  let inWord = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    const kind = code < 128 ? ASCII_KINDS[code]! : nonAsciiKind(code)
    const letter = kind === 'lower' || kind === 'upper'
    if (letter) counts.letters++
    if (letter && !inWord) counts.words++
    inWord = letter
    if (kind !== 'lower' && kind !== 'blank') counts[kind]++
  }
  return counts
}

type Kind = Exclude<keyof Counts, 'letters' | 'words'> | 'lower' | 'blank'

const ASCII_KINDS: readonly Kind[] = Array.from({ length: 128 }, (_, code) => asciiKind(String.fromCharCode(code)))

function asciiKind(char: string): Kind {
  if (char === '\n') return 'breaks'
  if (/[a-z]/.test(char)) return 'lower'
  if (/[A-Z]/.test(char)) return 'upper'
  if (/\d/.test(char)) return 'digits'
  if (/[+*/=<>^%$\\]/.test(char)) return 'math'
  if (/[{}[\]();_#&|`~@]/.test(char)) return 'code'
  if (/[.,:?!'"-]/.test(char)) return 'punctuation'
  return 'blank'
}

function nonAsciiKind(code: number): Kind {
  if (isCjk(code)) return 'cjk'
  // Typographic marks, and CJK and full-width punctuation.
  if ((code >= 0x2010 && code <= 0x205e) || (code >= 0x3000 && code <= 0x303f) || (code >= 0xff00 && code <= 0xff20)) {
    return 'punctuation'
  }
  // Superscripts, arrows, operators, × and ÷.
  if ((code >= 0x2070 && code <= 0x209c) || (code >= 0x2190 && code <= 0x22ff) || code === 0xd7 || code === 0xf7)
    return 'math'
  return 'other'
}

/** Kana, Han, Hangul and the surrogates of the Han extensions. */
function isCjk(code: number): boolean {
  return (
    (code >= 0x3040 && code <= 0x30ff) ||
    (code >= 0x3400 && code <= 0x9fff) ||
    (code >= 0xac00 && code <= 0xd7af) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xd840 && code <= 0xd888)
  )
}

function countMatches(text: string, pattern: RegExp): number {
  let count = 0
  for (const _ of text.matchAll(pattern)) count++
  return count
}

function logLength(chars: number): number {
  return Math.min(1, Math.log1p(chars) / Math.log1p(LONG_CHARS))
}

/** [0, ∞) to [0, 1): 0.5 at `half`. */
function squash(x: number, half: number): number {
  return x / (x + half)
}
