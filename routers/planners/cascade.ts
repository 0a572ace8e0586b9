/**
 * Asks two cheap candidates and compares their answers, where that is shown to be worth more than to ask one; a third one where they differ and it is
 * worth its price (`cascade/checks.ts`). Everything else is routing to one candidate, and so is every λ at which training queries
 * do not show that the cascade is better. λ is the request's.
 */
import type { Candidate, JsonObject, Plan, PlannerFamily, Prediction, StepAnswer, Verdict } from '../../src/spec.ts'
import { agree, type Foreseen, foresee, foreseeAlone, looksOf, usualOf } from '../cascade/checks.ts'
import { type CheckCase, fitChecks, isProven } from '../cascade/fitChecks.ts'
import { optionsOf, readSignals } from '../cascade/signals.ts'
import { afterDiffering, type Prospect, start } from '../cascade/startOrCheck.ts'
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
    return { maxSteps, maxLatencyMs, candidates, usual, ...written(fitChecks(cases, maxSteps)) }
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
        if (!isProven(fitted.proven, lambda) || !known.includes(order[0]!))
          return alone(
            order[0]!,
            `has the highest quality − λ · cost; at λ = ${round(lambda)} no cascade is shown to be better`,
          )

        const arms: Arms = { known, candidates }
        const prospect = lookAhead(fitted, arms, {
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
  if (!one || !other || answers.length > 2) {
    const chance = (one && other ? check.differ : prospect.alone)[known.indexOf(last.arm)]
    return accept(last.arm, chance ?? 0, 'nobody else is asked')
  }
  const [a, b] = [one, other].map((answer) => readSignals(text, answer.text, answer.outputTokens))
  if (agree(a!, b!)) return accept(second, check.right, 'they agree')
  const able = prospect.able.filter((m) => check.members.includes(m) || open.includes(known[m]!))
  const column = afterDiffering(check, { ...prospect, able }, lambda)
  const arm = known[column]!
  if (check.members.includes(column))
    return accept(arm, check.differ[column]!, 'they differ, and nobody else is worth the price')
  return { kind: 'ask', arm, reason: `they differ, and ${candidates[arm]!.id} is worth its price` }
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
    answers: arms.map((arm) => readSignals(prompt, answers[arm]!, priced.outputTokens[arm]!)),
    quality: pick(quality),
    costUsd: pick(countedCosts(priced.costUsd)),
    spentUsd: pick(spentUsd),
    prompt: number,
    routed: (lambda) => arms.indexOf(rank(candidates, priced, lambda)[0]!),
  }
}

function written({ alone, checks, proven }: ReturnType<typeof fitChecks>): JsonObject {
  return {
    alone: alone.map((weights) => [...weights]),
    checks: checks.map(({ members, agree, right, differ }) => ({
      members: [...members],
      agree: [...agree],
      right: [...right],
      differ: differ.map((weights) => [...weights]),
    })),
    proven: proven.map(({ lambda, gain, low }) => ({ lambda, gain, low })),
  }
}
