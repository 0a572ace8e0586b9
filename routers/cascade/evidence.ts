/**
 * What the answers so far say of each candidate's quality, as rows of numbers that a logistic regression weighs. Each row begins with what is
 * shared by all candidates; then come entries of single candidates and pairs of them, which are 0 unless training says otherwise: some
 * are wrong together, and then their agreement means less.
 */
import type { SparseRow } from '../logistic.ts'
import { clamp, logit } from '../math.ts'
import { type AnswerSignals, agreement, comparable } from './signals.ts'

/** What is expected of every candidate before any answers. */
export interface Expectation {
  readonly quality: ArrayLike<number>
  readonly outputTokens: ArrayLike<number>
}

/** An answer, and whose it is by its index in the expectation. */
export interface Heard {
  readonly candidate: number
  readonly signals: AnswerSignals
}

/** Columns: those that are shared, then those of candidates and pairs. */
export interface Layout {
  readonly shared: number
  readonly width: number
}

/** Of a candidate that has answered. */
export function heardLayout(candidates: number): Layout {
  return { shared: HEARD, width: HEARD + candidates + 3 * candidates ** 2 }
}

/** Of one that has not. */
export function unheardLayout(candidates: number): Layout {
  return { shared: UNHEARD, width: UNHEARD + 4 * candidates }
}

const HEARD = 17
const UNHEARD = 7
/** A length that is expected well is within a factor of e² of it. */
const MAX_SURPRISE = 2

/** How far each two of the answers agree; comparable to the letter or not. Row-major. */
export interface Agreements {
  readonly same: Float64Array
  readonly comparable: Uint8Array
}

export function agreementsOf(heard: readonly Heard[]): Agreements {
  const count = heard.length
  const same = new Float64Array(count * count)
  const exact = new Uint8Array(count * count)
  for (let j = 0; j < count; j++) {
    for (let k = j + 1; k < count; k++) {
      const [a, b] = [heard[j]!.signals, heard[k]!.signals]
      same[j * count + k] = same[k * count + j] = agreement(a, b)
      exact[j * count + k] = exact[k * count + j] = comparable(a, b) ? 1 : 0
    }
  }
  return { same, comparable: exact }
}

/**
 * Of the answer `heard[k]`: what was expected of its candidate, what it says of itself, and how far each of the other answers, by a candidate of
 * whom more or less was expected, comes to the same; whether two others that do not agree with each other; and which they are.
 */
export function heardEvidence(
  expected: Expectation,
  heard: readonly Heard[],
  { same, comparable: exact }: Agreements,
  k: number,
): SparseRow {
  const { candidate, signals } = heard[k]!
  const candidates = expected.quality.length
  const count = heard.length
  const length = Math.log1p(signals.outputTokens) - Math.log1p(expected.outputTokens[candidate]!)
  const surprise = clamp(Number.isNaN(length) ? 0 : length, -MAX_SURPRISE, MAX_SURPRISE)
  const shared = new Array<number>(HEARD).fill(0)
  shared[0] = 1
  shared[1] = logit(expected.quality[candidate]!)
  shared[2] = signals.declines ? 1 : 0
  shared[3] = signals.hedges ? 1 : 0
  shared[4] = signals.broken ? 1 : 0
  shared[5] = surprise
  shared[6] = Math.abs(surprise)
  const columns = Array.from(shared, (_, column) => column)
  const own: number[] = [1]
  columns.push(HEARD + candidate)
  for (const [j, other] of heard.entries()) {
    if (j === k) continue
    const agrees = same[k * count + j]!
    const strength = logit(expected.quality[other.candidate]!)
    const pair = HEARD + candidates + 3 * (candidate * candidates + other.candidate)
    if (exact[k * count + j] === 1) {
      shared[7]! += agrees
      shared[8]! += agrees * strength
      shared[9]! += agrees * Math.log(signals.choices - 1)
      shared[10]! += 1 - agrees
      shared[11]! += (1 - agrees) * strength
      columns.push(agrees === 1 ? pair : pair + 1)
      own.push(1)
    } else {
      shared[12]! += 1
      shared[13]! += agrees
      shared[14]! += agrees * strength
      columns.push(pair + 2)
      own.push(agrees)
    }
    for (let l = j + 1; l < count; l++) {
      if (l === k) continue
      shared[15]! += same[j * count + l]! * agrees * same[k * count + l]!
      shared[16]! += same[j * count + l]! * (1 - agrees) * (1 - same[k * count + l]!)
    }
  }
  return { columns, values: [...shared, ...own] }
}

/**
 * Of candidates that have not answered: by how much the answers turned out better than was expected of their candidates (`surprises`, in
 * logits), and how far they agree. The result is a function of the candidate.
 */
export function unheardEvidence(
  expected: Expectation,
  heard: readonly Heard[],
  { same, comparable: exact }: Agreements,
  surprises: readonly number[],
): (candidate: number) => SparseRow {
  const count = heard.length
  let [shift, agreeing, differing, texts, alike] = [0, 0, 0, 0, 0]
  for (let j = 0; j < count; j++) {
    shift += surprises[j]! / count
    for (let k = j + 1; k < count; k++) {
      const agrees = same[j * count + k]!
      if (exact[j * count + k] === 1) {
        agreeing += agrees
        differing += 1 - agrees
      } else {
        texts += 1
        alike += agrees
      }
    }
  }
  return (candidate) => {
    const own = UNHEARD + 4 * candidate
    return {
      columns: [0, 1, 2, 3, 4, 5, 6, own, own + 1, own + 2, own + 3],
      values: [
        1,
        logit(expected.quality[candidate]!),
        shift,
        agreeing,
        differing,
        texts,
        alike,
        1,
        shift,
        agreeing,
        differing,
      ],
    }
  }
}
