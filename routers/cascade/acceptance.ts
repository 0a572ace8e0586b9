/**
 * How good an answer is once it is there: a calibrated chance from what was expected of its candidate, what the answer says of itself and how
 * far the other answers agree, without another call. Of candidates that have not answered it says what the answers so far teach,
 * and by how much their own answer may still move that.
 *
 * A logistic regression each for those that have answered and those that have not, shared by all candidates, then an isotonic curve (UCCI,
 * arXiv 2605.18796). FrugalGPT (arXiv 2305.05176) trains a language model on query and answer for this; cascade routing
 * (arXiv 2410.10347) a regression for every set of candidates that have answered, on their confidence and agreement.
 */
import { applyIsotonic, fitIsotonic, type Isotonic } from '../isotonic.ts'
import { dotSparse, fitLogistic, type SparseRow } from '../logistic.ts'
import { logit } from '../math.ts'
import type { Belief } from './cascadeRouting.ts'
import {
  agreementsOf,
  type Expectation,
  type Heard,
  heardEvidence,
  heardLayout,
  type Layout,
  unheardEvidence,
  unheardLayout,
} from './evidence.ts'
import type { AnswerSignals } from './signals.ts'

/** Plain data. */
export interface Acceptance {
  readonly heard: Scorer
  readonly unheard: Scorer
  /** By number of answers so far and candidate: how far, as a standard deviation, its own answer is expected to move what is believed of it. */
  readonly spread: readonly (readonly number[])[]
}

interface Scorer {
  readonly weights: readonly number[]
  readonly curve: Isotonic
}

/** A query whose outcomes are known. */
export interface AcceptanceExample {
  readonly expected: Expectation
  /** One per candidate. */
  readonly answers: readonly AnswerSignals[]
  /** One per candidate, in [0, 1]. */
  readonly quality: ArrayLike<number>
}

export interface AcceptanceOptions {
  /** Calls per query. */
  readonly maxSteps: number
  /** Orders of candidates tried on each example. */
  readonly paths: number
  /** Uniform in [0, 1). */
  readonly random: () => number
}

/** Of the weights that all candidates share and of those of single ones, in outcomes. */
const SHARED_PENALTY = 1
const OWN_PENALTY = 10

type Answered = Pick<Belief, 'quality' | 'qualityStd'>

/** What is believed of every candidate's quality after the answers `heard`. */
export function believe(acceptance: Acceptance, expected: Expectation, heard: readonly Heard[]): Answered {
  const { spread } = acceptance
  const qualityStd = spread[Math.min(heard.length, spread.length - 1)]!
  if (heard.length === 0) return { quality: expected.quality, qualityStd }
  const { scores, evidenceOf } = listen(acceptance.heard, expected, heard)
  const quality = Float64Array.from(expected.quality, (_, candidate) =>
    chance(acceptance.unheard, dotSparse(acceptance.unheard.weights, evidenceOf(candidate))),
  )
  for (const [k, { candidate }] of heard.entries()) quality[candidate] = chance(acceptance.heard, scores[k]!)
  return { quality, qualityStd }
}

function chance({ curve }: Scorer, score: number): number {
  return applyIsotonic(curve, score)
}

/** Scores of the answers, and with them the evidence for those who have not answered. */
function listen({ weights }: Pick<Scorer, 'weights'>, expected: Expectation, heard: readonly Heard[]) {
  const agreements = agreementsOf(heard)
  const rows = heard.map((_, k) => heardEvidence(expected, heard, agreements, k))
  const scores = rows.map((row) => dotSparse(weights, row))
  const surprises = heard.map(({ candidate }, k) => scores[k]! - logit(expected.quality[candidate]!))
  return { scores, evidenceOf: unheardEvidence(expected, heard, agreements, surprises) }
}

/** Every example is walked along a few orders of candidates drawn at random: what is learned holds whoever is asked first. */
export function fitAcceptance(
  examples: readonly AcceptanceExample[],
  { maxSteps, paths, random }: AcceptanceOptions,
): Acceptance {
  const candidates = examples[0]?.answers.length ?? 0
  const walks = examples.flatMap((example) =>
    Array.from({ length: paths }, () => {
      const order = drawOrder(candidates, maxSteps, random)
      return { ...example, heard: order.map((candidate) => ({ candidate, signals: example.answers[candidate]! })) }
    }),
  )
  const steps = walks.flatMap((walk) =>
    walk.heard.map((_, last) => ({ ...walk, heard: walk.heard.slice(0, last + 1), rest: walk.heard.slice(last + 1) })),
  )
  const heard = fitScorer(
    steps.flatMap(({ expected, heard, quality }) => {
      const agreements = agreementsOf(heard)
      return heard.map(({ candidate }, k) => ({
        row: heardEvidence(expected, heard, agreements, k),
        outcome: quality[candidate]!,
      }))
    }),
    heardLayout(candidates),
  )
  const unheard = fitScorer(
    steps.flatMap(({ expected, heard: known, rest, quality }) => {
      const { evidenceOf } = listen(heard, expected, known)
      return rest.map(({ candidate }) => ({ row: evidenceOf(candidate), outcome: quality[candidate]! }))
    }),
    unheardLayout(candidates),
  )
  return { heard, unheard, spread: fitSpread({ heard, unheard, spread: [[]] }, walks) }
}

function drawOrder(candidates: number, length: number, random: () => number): number[] {
  const left = Array.from({ length: candidates }, (_, m) => m)
  return Array.from(
    { length: Math.min(length, candidates) },
    () => left.splice(Math.floor(random() * left.length), 1)[0]!,
  )
}

function fitScorer(
  examples: readonly { readonly row: SparseRow; readonly outcome: number }[],
  { shared, width }: Layout,
): Scorer {
  const penalties = new Float64Array(width).fill(SHARED_PENALTY, 0, shared).fill(OWN_PENALTY, shared)
  const outcomes = examples.map(({ outcome }) => outcome)
  const rows = examples.map(({ row }) => row)
  const weights = [...fitLogistic(rows, outcomes, penalties)]
  const scores = rows.map((row) => dotSparse(weights, row))
  return { weights, curve: fitIsotonic(scores, outcomes) }
}

interface Walk extends AcceptanceExample {
  readonly heard: readonly Heard[]
}

/** After each number of answers, per candidate the root mean square of what the rest of a walk changed. */
function fitSpread(acceptance: Acceptance, walks: readonly Walk[]): number[][] {
  const width = walks[0]?.answers.length ?? 0
  const length = walks[0]?.heard.length ?? 0
  const ends = walks.map(({ expected, heard }) => believe(acceptance, expected, heard).quality)
  return Array.from({ length }, (_, known) => {
    const squares = new Float64Array(width)
    const counts = new Float64Array(width)
    for (const [w, { expected, heard }] of walks.entries()) {
      const { quality } = believe(acceptance, expected, heard.slice(0, known))
      for (const { candidate } of heard.slice(known)) {
        squares[candidate]! += (ends[w]![candidate]! - quality[candidate]!) ** 2
        counts[candidate]! += 1
      }
    }
    return [...squares.map((sum, m) => Math.sqrt(sum / Math.max(1, counts[m]!)))]
  })
}
