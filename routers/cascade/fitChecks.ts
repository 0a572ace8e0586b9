/**
 * Which checks a policy makes, and at which λ: learned from training queries alone, each decided on by fits that had not seen it. Few pairs are
 * kept, one after the other, each for what it adds to those before: of many pairs some look good by chance, and the best of them is chosen
 * for every query anew.
 */
import {
  agree,
  type Check,
  type CheckExample,
  type Foreseen,
  fitAlone,
  fitCheck,
  foresee,
  foreseeAlone,
  type Members,
  surenessOf,
} from './checks.ts'
import { settle, start } from './startOrCheck.ts'

export interface FittedChecks extends ProvenChecks {
  /** Weights per candidate. */
  readonly alone: readonly (readonly number[])[]
}

export interface ProvenChecks {
  readonly checks: readonly Check[]
  /** Where it beats what `routed` would have done, with confidence. */
  readonly proven: readonly Proven[]
}

/** About one λ, how much more quality − λ · cost than by routing alone, on training queries that were not learned from. */
export interface Proven {
  readonly lambda: number
  readonly gain: number
  /** Lower end, with 90 % confidence. */
  readonly low: number
}

/** A query with all that was recorded of it. */
export interface CheckCase extends CheckExample {
  /** As expected before anybody answers. */
  readonly costUsd: Float64Array
  /** As recorded. */
  readonly spentUsd: Float64Array
  /** Equal prompts have the same number. */
  readonly prompt: number
  /** Whom routing alone asks at λ. */
  readonly routed: (lambda: number) => number
}

/** λ times the mean cost of the dearest candidate: from where money hardly counts to where it is all that counts. */
const [LEAST, MOST, POINTS] = [0.01, 3, 20]
const FOLDS = 5
/** Pairs that are looked at closely, and that are kept at most. */
const SCREENED = 8
const KEPT = 3
/** Standard errors by which another pair must add to the utility. */
const ADDS = 1
/** Of the normal distribution, one-sided. */
const CONFIDENCE = 1.282
/** Points of λ to either side over which a gain is averaged: alone each hangs on the few queries that change hands there. */
const AROUND = 2

/** @param hears whether it also learns from how sure candidates were of their words */
export function fitChecks(cases: readonly CheckCase[], maxSteps: number, hears = false): FittedChecks {
  const lambdas = gridOf(cases)
  const pairs = maxSteps > 1 ? screen(cases, lambdas, hears ? hopeOfHearing : hopeOf) : []
  const folds = Array.from({ length: FOLDS }, (_, fold) => fold)
  const learn = (from: readonly CheckCase[]) => ({
    alone: fitAlone(from),
    checks: pairs.map((members) => fitCheck(from, members, hears)),
  })
  const parts = folds.map((fold) => learn(cases.filter(({ prompt }) => prompt % FOLDS !== fold)))
  const seen = cases.map((one): Seen => {
    const { alone, checks } = parts[one.prompt % FOLDS]!
    return {
      one,
      alone: foreseeAlone(alone, one.looks, one.options),
      foreseen: checks.map((check) => foresee(check, one.looks, one.options)),
    }
  })
  const played = (kept: readonly number[]) =>
    lambdas.map((lambda) => seen.map((one) => play(one, kept, lambda, maxSteps)))
  let best = { kept: [] as readonly number[], utilities: played([]) }
  while (best.kept.length < Math.min(KEPT, pairs.length)) {
    const tried = pairs.flatMap((_, pair) => {
      if (best.kept.includes(pair)) return []
      const utilities = played([...best.kept, pair])
      const added = overLambdas(utilities, best.utilities)
      return [{ kept: [...best.kept, pair], utilities, added }]
    })
    const next = tried.reduce((a, b) => (b.added.mean > a.added.mean ? b : a))
    if (next.added.mean <= ADDS * next.added.error) break
    best = next
  }
  const whole = learn(cases)
  return {
    alone: whole.alone,
    checks: best.kept.map((pair) => whole.checks[pair]!),
    proven: prove(
      lambdas,
      lambdas.map((lambda, k) =>
        cases.map((one, i) => best.utilities[k]![i]! - worth(one, [one.routed(lambda)], one.routed(lambda), lambda)),
      ),
    ),
  }
}

/** Whether it is shown at λ, on both sides of it, that the cascade is worth more than routing alone. */
export function isProven(proven: readonly Proven[], lambda: number): boolean {
  const above = proven.findIndex((one) => one.lambda >= lambda)
  return above > 0 && proven[above - 1]!.low > 0 && proven[above]!.low > 0
}

function prove(lambdas: readonly number[], gains: readonly (readonly number[])[]): Proven[] {
  return lambdas.map((lambda, k) => {
    const near = gains.slice(Math.max(0, k - AROUND), k + AROUND + 1)
    const { mean, error } = summary(near[0]!.map((_, i) => near.reduce((sum, at) => sum + at[i]!, 0) / near.length))
    return { lambda, gain: mean, low: mean - CONFIDENCE * error }
  })
}

interface Seen {
  readonly one: CheckCase
  readonly alone: Float64Array
  readonly foreseen: readonly Foreseen[]
}

/** What comes of one query, in quality − λ · cost. */
function play({ one, alone, foreseen }: Seen, kept: readonly number[], lambda: number, maxSteps: number): number {
  const able = alone.length
  const everyone = Array.from({ length: able }, (_, m) => m)
  const prospect = {
    alone,
    checks: kept.map((pair) => foreseen[pair]!),
    costUsd: one.costUsd,
    able: everyone,
    maxSteps,
  }
  const { arm, check } = start(prospect, lambda)
  if (check === null) return worth(one, [arm], arm, lambda)
  const [a, b] = check.members
  const { candidate } = settle(check, [one.answers[a]!, one.answers[b]!], prospect, lambda)
  return worth(one, check.members.includes(candidate) ? check.members : [a, b, candidate], candidate, lambda)
}

function worth({ quality, spentUsd }: CheckCase, asked: readonly number[], answer: number, lambda: number): number {
  return quality[answer]! - lambda * asked.reduce((sum, m) => sum + spentUsd[m]!, 0)
}

/** The pairs of which most is to be hoped: with one choice for each number of options, on all queries at once. */
function screen(cases: readonly CheckCase[], lambdas: readonly number[], hopeIn: typeof hopeOf): Members[] {
  const count = cases[0]!.answers.length
  const everyone = Array.from({ length: count }, (_, m) => m)
  const spent = everyone.map((m) => summary(cases.map(({ spentUsd }) => spentUsd[m]!)).mean)
  const byCost = everyone.toSorted((a, b) => spent[a]! - spent[b]! || a - b)
  const kinds = [...Map.groupBy(cases, ({ options }) => options).values()]
  const members = byCost.flatMap((a, at) => byCost.slice(at + 1).map((b): Members => [a, b]))
  const hopes = members.map((pair) => kinds.reduce((sum, kind) => sum + hopeIn(kind, pair, lambdas), 0))
  return members
    .map((pair, at) => ({ pair, hope: hopes[at]! }))
    .filter(({ hope }) => hope > 0)
    .sort((a, b) => b.hope - a.hope)
    .slice(0, SCREENED)
    .map(({ pair }) => pair)
}

/** Summed over queries and λ: by how much the check with its best third passes the best single candidate. */
function hopeOf(kind: readonly CheckCase[], [a, b]: Members, lambdas: readonly number[]): number {
  const count = kind[0]!.answers.length
  const differing = kind.filter(({ answers }) => !agree(answers[a]!, answers[b]!))
  const [all, differ] = [totalsOf(count, kind), totalsOf(count, differing)]
  return lambdas.reduce((hope, lambda) => {
    const single = Math.max(...all.map(({ quality, spent }) => quality - lambda * spent))
    const last = Math.max(...differ.map(({ quality, spent }, m) => quality - (m === a || m === b ? 0 : lambda * spent)))
    const check = all[b]!.quality - differ[b]!.quality + last - lambda * (all[a]!.spent + all[b]!.spent)
    return hope + Math.max(0, check - single)
  }, 0)
}

/**
 * The same where it is heard how sure both are: with the best answer for each of four groups, those who agree and those who differ, halved by how sure the less sure
 * one was; that of the surer one is among them.
 */
function hopeOfHearing(kind: readonly CheckCase[], [a, b]: Members, lambdas: readonly number[]): number {
  const count = kind[0]!.answers.length
  const heard = kind.map((one) => {
    const answers = [one.answers[a]!, one.answers[b]!] as const
    const [first, second] = surenessOf(answers) ?? UNSAID
    return { one, agree: agree(...answers), least: Math.min(first, second), surer: first > second ? a : b }
  })
  const median = heard.map(({ least }) => least).sort((x, y) => x - y)[Math.floor(heard.length / 2)]!
  const groups = [...Map.groupBy(heard, ({ agree, least }) => `${agree} ${least < median}`).values()].map((group) => ({
    totals: totalsOf(
      count,
      group.map(({ one }) => one),
    ),
    surer: group.reduce((sum, { one, surer }) => sum + one.quality[surer]!, 0),
  }))
  const all = totalsOf(count, kind)
  return lambdas.reduce((hope, lambda) => {
    const single = Math.max(...all.map(({ quality, spent }) => quality - lambda * spent))
    const best = groups.map(({ totals, surer }) =>
      Math.max(surer, ...totals.map(({ quality, spent }, m) => quality - (m === a || m === b ? 0 : lambda * spent))),
    )
    const check = best.reduce((sum, one) => sum + one, 0) - lambda * (all[a]!.spent + all[b]!.spent)
    return hope + Math.max(0, check - single)
  }, 0)
}

const UNSAID = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY] as const

/** Sums over queries, by candidate. */
function totalsOf(count: number, cases: readonly CheckCase[]): { readonly quality: number; readonly spent: number }[] {
  return Array.from({ length: count }, (_, m) => ({
    quality: cases.reduce((sum, { quality }) => sum + quality[m]!, 0),
    spent: cases.reduce((sum, { spentUsd }) => sum + spentUsd[m]!, 0),
  }))
}

function gridOf(cases: readonly CheckCase[]): number[] {
  const count = cases[0]!.answers.length
  const dearest = Math.max(
    ...Array.from({ length: count }, (_, m) => summary(cases.map(({ spentUsd }) => spentUsd[m]!)).mean),
  )
  if (!(dearest > 0)) return []
  return Array.from({ length: POINTS }, (_, k) => (LEAST * (MOST / LEAST) ** (k / (POINTS - 1))) / dearest)
}

/** Of the difference per query, averaged over λ. */
function overLambdas(utilities: readonly (readonly number[])[], before: readonly (readonly number[])[]) {
  const perQuery = utilities[0]!.map(
    (_, i) => utilities.reduce((sum, at, k) => sum + at[i]! - before[k]![i]!, 0) / utilities.length,
  )
  return summary(perQuery)
}

/** Mean and its standard error. */
function summary(values: readonly number[]): { readonly mean: number; readonly error: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, error: Math.sqrt(squares / Math.max(1, values.length - 1) / values.length) }
}
