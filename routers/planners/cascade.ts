/**
 * Asks two cheap candidates and compares their answers, where that is shown to be worth more than to ask one; a third one where they differ and it is
 * worth its price (`cascade/checks.ts`). Everything else is routing to one candidate, and so is every λ at which training queries
 * do not show that the cascade is better. λ is the request's.
 *
 * Where recorded answers say how sure their models were of their words, all of this is learned a second time with that, for requests whose candidates are able to say
 * so; the first stays as it is for all others.
 */
import type { Candidate, JsonObject, Plan, PlannerFamily, Prediction, StepAnswer, Verdict } from '../../src/spec.ts'
import { compare, type Foreseen, foresee, foreseeAlone, looksOf, type Sure, usualOf } from '../cascade/checks.ts'
import { type CheckCase, type FittedChecks, fitChecks, isProven, type ProvenChecks } from '../cascade/fitChecks.ts'
import { optionsOf, readSignals } from '../cascade/signals.ts'
import { type Prospect, settle, start } from '../cascade/startOrCheck.ts'
import { type CascadeParams, readCascade } from './cascadeParams.ts'
import { certain, countedCosts, rank, round } from './rank.ts'

const MAX_STEPS = 3
const MAX_LATENCY_MS = 30_000
/** Fewer prompts with all answers show nothing. */
const MIN_PROMPTS = 50

type CascadeOptions = {
  /** Candidates asked for one request at most. */
  readonly maxSteps?: number
  /** After which nobody else is asked. */
  readonly maxLatencyMs?: number
}

export const cascade: PlannerFamily<CascadeOptions> = {
  name: 'cascade',
  version: 1,
  needs: 'answers',

  fit(predictions, { maxSteps = MAX_STEPS, maxLatencyMs = MAX_LATENCY_MS }) {
    const candidates = [...new Set(predictions.flatMap((one) => one.candidates.map(({ id }) => id)))]
    const promptOf = new Map<string, number>()
    const answered = predictions.flatMap((one) => caseOf(one, candidates, promptOf) ?? [])
    if (promptOf.size < MIN_PROMPTS)
      throw new RangeError(
        `a cascade learns from what every candidate answered; ${promptOf.size} training prompts have all answers, outcomes and costs, and it takes ${MIN_PROMPTS}. Train on data with recorded answers, or with another planner`,
      )
    const usual = usualOf(answered.map(({ expected }) => expected))
    const cases = answered.map(({ expected, ...one }): CheckCase => ({ ...one, looks: looksOf(expected, usual) }))
    const heard = cases.some(({ answers }) => answers.some(({ sureness }) => sureness !== null))
    const hearing = heard ? fitChecks(cases, maxSteps, true) : null
    return {
      maxSteps,
      maxLatencyMs,
      candidates,
      usual,
      ...written(fitChecks(cases, maxSteps)),
      ...(hearing?.checks.some(({ sure }) => sure) && { hearing: writtenChecks(hearing) }),
    }
  },

  load(params) {
    const fitted = readCascade(params)
    return {
      name: 'cascade',

      plan(query, candidates, priced, { lambda, limits }): Plan {
        const order = rank(candidates, priced, lambda)
        const alone = (arm: number, reason: string): Plan => ({
          kind: 'single',
          ...certain(arm, candidates.length),
          alternates: order.filter((other) => other !== arm),
          explored: false,
          reason: `${candidates[arm]!.id} ${reason}`,
        })
        const known = fitted.candidates.map((id) => candidates.findIndex((candidate) => candidate.id === id))
        const arms: Arms = { known, candidates }
        const { hearing } = fitted
        const learned = [...(hearing && areHeard(hearing.checks, arms) ? [hearing] : []), fitted]
        const proven = learned.find((one) => isProven(one.proven, lambda))
        if (!proven || !known.includes(order[0]!))
          return alone(
            order[0]!,
            `has the highest quality − λ · cost; at λ = ${round(lambda)} no cascade is shown to be better`,
          )

        const prospect = lookAhead({ ...fitted, ...proven }, arms, {
          quality: priced.quality,
          costUsd: countedCosts(priced.costUsd),
          options: optionsOf(query.text).length,
          maxCostUsd: limits.maxCostUsd ?? Number.POSITIVE_INFINITY,
        })
        const { arm: column, check, worth } = start(prospect, lambda)
        const arm = known[column]!
        if (check === null) return alone(arm, `alone is worth more than two that check each other (${round(worth)})`)
        const [first, second] = check.members.map((m) => candidates[known[m]!]!.id)
        return {
          kind: 'cascade',
          ...certain(arm, candidates.length),
          alternates: order.filter((other) => other !== arm),
          explored: false,
          maxLatencyMs: fitted.maxLatencyMs,
          reason: `${first} and ${second} check each other: they agree with probability ${round(check.agree)} (λ = ${round(lambda)})`,
          judge: (answers, open) => judge({ check, prospect, arms, text: query.text, lambda }, answers, open),
          ...(check.sure && { logprobs: check.members.map((m) => known[m]!) }),
        }
      },
    }
  },
}

interface Arms {
  /** By the policy's candidate, −1 where it is not among those of the request. */
  readonly known: readonly number[]
  readonly candidates: readonly Candidate[]
}

/** Whether those who are to say how sure they are, are able to. */
function areHeard(checks: ProvenChecks['checks'], { known, candidates }: Arms): boolean {
  const members = checks.flatMap(({ members, sure }) => (sure ? members : []))
  return members.every((m) => candidates[known[m]!]?.capabilities.has('logprobs') ?? true)
}

function lookAhead(
  fitted: CascadeParams,
  { known }: Arms,
  given: {
    readonly quality: Float64Array
    readonly costUsd: Float64Array
    readonly options: number
    readonly maxCostUsd: number
  },
): Prospect {
  const { quality, options, maxCostUsd } = given
  const looks = looksOf(
    known.map((arm) => quality[arm] ?? Number.NaN),
    fitted.usual,
  )
  const costUsd = known.map((arm) => given.costUsd[arm] ?? Number.NaN)
  return {
    alone: foreseeAlone(fitted.alone, looks, options),
    checks: fitted.checks
      .filter(({ members: [a, b] }) => costUsd[a]! + costUsd[b]! <= maxCostUsd)
      .map((check) => foresee(check, looks, options)),
    costUsd,
    able: known.flatMap((arm, column) => (arm < 0 ? [] : [column])),
    maxSteps: fitted.maxSteps,
  }
}

interface Case {
  readonly check: Foreseen
  readonly prospect: Prospect
  readonly arms: Arms
  readonly text: string
  readonly lambda: number
}

function judge(
  { check, prospect, arms: { known, candidates }, text, lambda }: Case,
  answers: readonly StepAnswer[],
  open: readonly number[],
): Verdict {
  const [one, other] = check.members.map((m) => answers.find(({ arm }) => arm === known[m]))
  const second = known[check.members[1]]!
  if (one && !other && answers.length === 1 && open.includes(second))
    return { kind: 'ask', arm: second, reason: `${candidates[second]!.id} checks it` }

  const last = answers.at(-1)!
  const read = (answer: StepAnswer) => readSignals(text, answer.text, answer.outputTokens, answer.logprob)
  const both = one && other && ([read(one), read(other)] as const)
  if (!both || answers.length > 2) {
    const chances = both ? (compare(check, both).chances ?? check.differ) : prospect.alone
    return accept(last.arm, chances[known.indexOf(last.arm)] ?? 0, 'nobody else is asked')
  }
  const able = prospect.able.filter((m) => check.members.includes(m) || open.includes(known[m]!))
  const { agree, candidate, chance } = settle(check, both, { ...prospect, able }, lambda)
  const arm = known[candidate]!
  const compared = agree ? 'they agree' : 'they differ'
  if (!check.members.includes(candidate))
    return { kind: 'ask', arm, reason: `${compared}, and ${candidates[arm]!.id} is worth its price` }
  return accept(arm, chance, agree ? compared : `${compared}, and nobody else is worth the price`)
}

function accept(arm: number, chance: number, reason: string): Verdict {
  return { kind: 'accept', arm, chance, reason: `${reason}; right with probability ${round(chance)}` }
}

type Answered = Omit<CheckCase, 'looks'> & { readonly expected: Float64Array }

/** `null` where an outcome, a cost or an answer is missing. */
function caseOf(prediction: Prediction, ids: readonly string[], promptOf: Map<string, number>): Answered | null {
  const { candidates, priced, spentUsd, quality, recorded } = prediction
  if (!recorded) return null
  const { prompt, answers } = recorded
  const arms = ids.map((id) => candidates.findIndex((candidate) => candidate.id === id))
  if (arms.some((arm) => arm < 0 || answers[arm] === null || Number.isNaN(quality[arm]! + spentUsd[arm]!))) return null
  const pick = (values: Float64Array) => Float64Array.from(arms, (arm) => values[arm]!)
  const number = promptOf.get(prompt) ?? promptOf.size
  promptOf.set(prompt, number)
  return {
    expected: pick(priced.quality),
    options: optionsOf(prompt).length,
    answers: arms.map((arm) => {
      const logprob = recorded.logprobs?.[arm] ?? Number.NaN
      return readSignals(prompt, answers[arm]!, priced.outputTokens[arm]!, Number.isNaN(logprob) ? null : logprob)
    }),
    quality: pick(quality),
    costUsd: pick(countedCosts(priced.costUsd)),
    spentUsd: pick(spentUsd),
    prompt: number,
    routed: (lambda) => arms.indexOf(rank(candidates, priced, lambda)[0]!),
  }
}

function written({ alone, ...rest }: FittedChecks): JsonObject {
  return { alone: rows(alone), ...writtenChecks(rest) }
}

function writtenChecks({ checks, proven }: ProvenChecks): JsonObject {
  return {
    checks: checks.map(({ members, agree, right, differ, sure }) => ({
      members: [...members],
      agree: [...agree],
      right: [...right],
      differ: rows(differ),
      ...(sure && {
        sure: { agree: sure.agree && writtenSure(sure.agree), differ: sure.differ && writtenSure(sure.differ) },
      }),
    })),
    proven: proven.map(({ lambda, gain, low }) => ({ lambda, gain, low })),
  }
}

function writtenSure({ weights, seen }: Sure): JsonObject {
  return { weights: rows(weights), seen: rows(seen) }
}

function rows(matrix: readonly (readonly number[])[]): number[][] {
  return matrix.map((row) => [...row])
}
