/**
 * Two cheap candidates that check each other: where their answers come to the same, that is the answer; where they differ, whoever is worth
 * most then is asked, or the better of the two is taken. What such a check costs and brings is foreseen before anybody is asked, with
 * credit for stopping when they agree, which the rule of cascade routing (arXiv 2410.10347) does not give. That two answers agree as a sign
 * that both are right is self-consistency (arXiv 2203.11171) across models.
 *
 * It is optimal stopping with one thing to hear, so that its continuation value is a sum over two outcomes instead of a regression
 * (Longstaff and Schwartz 2001):
 *
 *     V(a, b) = P(agree) · P(right | agree) + P(differ) · max( max_heard q(m | differ), max_m q(m | differ) − λ · cost_m ) − λ · (cost_a + cost_b).
 *
 * Each term is a logistic regression on what kind of prompt it is (how many options it lists), how much easier than usual it looks for all
 * candidates together, and, believed less, for those concerned.
 *
 * Where upstreams say how sure their models were of their words, there is more to hear than whether two agree: each term after the comparison is learned a
 * second time with the sureness of both, as a post-hoc deferral rule (Gupta et al. 2024, arXiv 2404.10136). Before anybody is asked, the mean over what was heard on
 * training queries stands for it; it is taken as independent of the prompt.
 */
import { dotSparse, fitLogistic, type SparseRow } from '../logistic.ts'
import { logit, mean, sigmoid } from '../math.ts'
import { type AnswerSignals, agreement } from './signals.ts'

/** A query whose outcomes are known. Arrays have one entry per candidate. */
export interface CheckExample {
  /** By `looksOf`. */
  readonly looks: ArrayLike<number>
  /** How many options the prompt lists; 0: none. */
  readonly options: number
  readonly answers: readonly AnswerSignals[]
  /** In [0, 1]. */
  readonly quality: ArrayLike<number>
}

/** By index, the cheaper one first. */
export type Members = Pair<number>

/** Weights of the regressions; plain data. */
export interface Check {
  readonly members: Members
  readonly agree: readonly number[]
  /** Of the answer on which they agree. */
  readonly right: readonly number[]
  /** Of every candidate's own answer where they differ. */
  readonly differ: readonly (readonly number[])[]
  /** After the comparison, where it is known how sure both were. */
  readonly sure?: ByOutcome<Sure>
}

/** `null`: too few training queries say how sure both were. */
export interface ByOutcome<T> {
  readonly agree: T | null
  readonly differ: T | null
}

export interface Sure {
  /** Of every candidate's own answer; the last two of each are of the members' sureness. */
  readonly weights: readonly (readonly number[])[]
  /** How sure the members were on some training queries. */
  readonly seen: readonly Pair<number>[]
}

/** Of the two members, in their order. */
export type Pair<T> = readonly [T, T]

/** What a check comes to. */
export interface Foreseen {
  readonly members: Members
  /** Probability that they agree. */
  readonly agree: number
  /** That the answer is right where they do. */
  readonly right: number
  /** That each candidate's answer is right where they do not. */
  readonly differ: Float64Array
  readonly sure?: ByOutcome<Outlook>
}

/** What each candidate's answer is worth once it is known how sure the members were. */
export interface Outlook {
  /** Given that. */
  readonly chances: (sureness: Pair<number>) => readonly number[]
  /** As it may turn out, each as probable as the others. */
  readonly expected: readonly (readonly number[])[]
}

/**
 * Of half the squared weight, in outcomes: of what is said of the query, and of what is said of single candidates. The second is what differs by
 * chance most where whoever looks best is taken.
 */
const PENALTY = 1
const OWN_PENALTY = 30
/** Fewer queries with the sureness of both teach nothing about it. */
const MIN_SURE = 50
/** Of these so many times so many stand for all. */
const SIDE = 4

/**
 * By how much better than usual each candidate is expected to be, in logits; `NaN` of those who are not able. Against its own mean, so that it says
 * the same whoever else is able.
 * @param usual per candidate, by `usualOf`
 */
export function looksOf(quality: ArrayLike<number>, usual: readonly number[]): Float64Array {
  return Float64Array.from(usual, (mean, m) => logit(quality[m]!) - mean)
}

/** The mean logit of each candidate's expected quality. */
export function usualOf(qualities: readonly ArrayLike<number>[]): number[] {
  return Array.from(qualities[0] ?? [], (_, m) => mean(qualities.map((quality) => logit(quality[m]!))))
}

/** The same option or number, or the same words. */
export function agree(a: AnswerSignals, b: AnswerSignals): boolean {
  return agreement(a, b) === 1
}

/** Weights per candidate: how good it is by what was expected and by the kind of prompt, each on its own. */
export function fitAlone(examples: readonly CheckExample[]): number[][] {
  const count = examples[0]?.answers.length ?? 0
  return Array.from({ length: count }, (_, m) => weigh(examples, [m], ({ quality }) => quality[m]!))
}

/** @param hears whether it also learns from how sure the members were */
export function fitCheck(examples: readonly CheckExample[], members: Members, hears = false): Check {
  const [a, b] = members
  const same = examples.filter(({ answers }) => agree(answers[a]!, answers[b]!))
  const other = examples.filter(({ answers }) => !agree(answers[a]!, answers[b]!))
  const sure = hears && { agree: fitSure(same, members), differ: fitSure(other, members) }
  return {
    members,
    agree: weigh(examples, members, ({ answers }) => (agree(answers[a]!, answers[b]!) ? 1 : 0)),
    right: weigh(same, members, ({ quality }) => quality[b]!),
    differ: Array.from(examples[0]!.answers, (_, m) =>
      weigh(other, othersOf(members, m), ({ quality }) => quality[m]!),
    ),
    ...(sure && (sure.agree || sure.differ) && { sure }),
  }
}

function fitSure(examples: readonly CheckExample[], members: Members): Sure | null {
  const [a, b] = members
  const told = examples.flatMap((example) => {
    const sureness = surenessOf([example.answers[a]!, example.answers[b]!])
    return sureness === null ? [] : [{ ...example, sureness }]
  })
  if (told.length < MIN_SURE) return null
  return {
    weights: Array.from(told[0]!.answers, (_, m) =>
      weigh(
        told,
        othersOf(members, m),
        ({ quality }) => quality[m]!,
        ({ sureness }) => sureness,
      ),
    ),
    seen: spread(told.map(({ sureness }) => sureness)),
  }
}

/** A few that stand for all, each for as many: the middle of every part of them by the second member within every part by the first. */
function spread(pairs: readonly Pair<number>[]): Pair<number>[] {
  const sides = Array.from({ length: SIDE }, (_, k) => k)
  const byFirst = pairs.toSorted((x, y) => x[0] - y[0] || x[1] - y[1])
  return sides.flatMap((i) => {
    const [from, to] = [i, i + 1].map((k) => Math.floor((k * byFirst.length) / SIDE))
    const bySecond = byFirst.slice(from, to).sort((x, y) => x[1] - y[1])
    return sides.map((j) => bySecond[Math.floor(((j + 0.5) * bySecond.length) / SIDE)]!)
  })
}

/** How sure both were; `null` where that is not known of both. */
export function surenessOf([a, b]: Pair<AnswerSignals>): Pair<number> | null {
  return a.sureness === null || b.sureness === null ? null : [a.sureness, b.sureness]
}

/** What every candidate's answer is worth on its own. */
export function foreseeAlone(
  alone: readonly (readonly number[])[],
  looks: ArrayLike<number>,
  options: number,
): Float64Array {
  return Float64Array.from(alone, (weights, m) => chance(weights, rowOf(looks, options, [m])))
}

export function foresee(check: Check, looks: ArrayLike<number>, options: number): Foreseen {
  const { members, sure } = check
  const own = rowOf(looks, options, members)
  const rows = check.differ.map((_, m) => rowOf(looks, options, othersOf(members, m)))
  return {
    members,
    agree: chance(check.agree, own),
    right: chance(check.right, own),
    differ: Float64Array.from(check.differ, (weights, m) => chance(weights, rows[m]!)),
    ...(sure && {
      sure: { agree: sure.agree && outlook(sure.agree, rows), differ: sure.differ && outlook(sure.differ, rows) },
    }),
  }
}

/** @param rows by candidate, as far as they are known before anybody is asked */
function outlook({ weights, seen }: Sure, rows: readonly SparseRow[]): Outlook {
  const scores = weights.map((own, m) => ({
    unheard: dotSparse(own, rows[m]!),
    first: own.at(-2)!,
    second: own.at(-1)!,
  }))
  const chances = ([a, b]: Pair<number>) =>
    scores.map(({ unheard, first, second }) => sigmoid(unheard + first * a + second * b))
  return { chances, expected: seen.map(chances) }
}

/** That each candidate's answer is right once both answers are there; `null`: of the agreed one `right` is all that is known. */
export function compare(
  { sure, differ }: Foreseen,
  answers: Pair<AnswerSignals>,
): { readonly agree: boolean; readonly chances: ArrayLike<number> | null } {
  const same = agree(...answers)
  const sureness = surenessOf(answers)
  const heard = sureness && sure?.[same ? 'agree' : 'differ']?.chances(sureness)
  return { agree: same, chances: heard ?? (same ? null : differ) }
}

function othersOf(members: Members, m: number): readonly number[] {
  return members.includes(m) ? members : [...members, m]
}

function weigh<Example extends CheckExample>(
  examples: readonly Example[],
  candidates: readonly number[],
  outcomeOf: (example: Example) => number,
  moreOf: (example: Example) => readonly number[] = () => [],
): number[] {
  const rows = examples.map((one) => rowOf(one.looks, one.options, candidates, moreOf(one)))
  const own = SHARED + candidates.length
  const width = rows[0]?.columns.length ?? own
  const penalties = new Float64Array(width).fill(PENALTY).fill(OWN_PENALTY, SHARED, own)
  return [...fitLogistic(rows, examples.map(outcomeOf), penalties)]
}

const SHARED = 4

function rowOf(
  looks: ArrayLike<number>,
  options: number,
  candidates: readonly number[],
  more: readonly number[] = [],
): SparseRow {
  const all = mean(Array.from(looks).filter((one) => !Number.isNaN(one)))
  const listed = options > 1
  const own = candidates.map((m) => (Number.isNaN(looks[m]!) ? 0 : looks[m]! - all))
  const values = [1, listed ? 1 : 0, listed ? Math.log(options - 1) : 0, all, ...own, ...more]
  return { columns: values.map((_, column) => column), values }
}

function chance(weights: readonly number[], row: SparseRow): number {
  return sigmoid(dotSparse(weights, row))
}
