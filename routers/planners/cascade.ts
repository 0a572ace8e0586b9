/**
 * Ask a model, judge its answer, and ask another one only where that is worth its price: cascade routing (arXiv 2410.10347) with a judge
 * learned from recorded answers. What is believed of answers is fitted and lies in the policy; λ is the request's.
 */
import type { Candidate, Capability, JsonObject, Plan, PlannerFamily, Prediction } from '../../src/spec.ts'
import { type Acceptance, type AcceptanceExample, believe, fitAcceptance } from '../cascade/acceptance.ts'
import { type Belief, bestAnswer, cascadeRouting, MAX_STEPS } from '../cascade/cascadeRouting.ts'
import type { Heard } from '../cascade/evidence.ts'
import { readSignals } from '../cascade/signals.ts'
import { seeded } from '../fixtures.ts'
import { readNumber } from './params.ts'
import { certain, rank, round } from './rank.ts'

const MAX_LATENCY_MS = 30_000
/** What asks for more than the one text that is judged. */
const NOT_JUDGED: readonly Capability[] = ['n', 'audio']
/** Fewer say nothing that carries over. */
const MIN_EXAMPLES = 50
const PATHS = 4

type CascadeOptions = {
  /** Candidates asked for one request at most. */
  readonly maxSteps?: number
  readonly maxLatencyMs?: number
}

export const cascade: PlannerFamily<CascadeOptions> = {
  name: 'cascade',
  version: 1,
  needs: 'answers',

  fit(predictions, { maxSteps = MAX_STEPS, maxLatencyMs = MAX_LATENCY_MS }) {
    const ids = [...new Set(predictions.flatMap(({ candidates }) => candidates.map(({ id }) => id)))]
    const examples = predictions.flatMap((one) => exampleOf(one, ids) ?? [])
    if (examples.length < MIN_EXAMPLES)
      throw new RangeError(
        `a cascade learns from what every candidate answered: ${examples.length} training queries have all answers and outcomes, ${MIN_EXAMPLES} are needed. Train on data with recorded answers, or with another planner`,
      )
    const acceptance = fitAcceptance(examples, { maxSteps, paths: PATHS, random: seeded(1) })
    return { maxSteps, maxLatencyMs, candidates: ids, acceptance: JSON.parse(JSON.stringify(acceptance)) }
  },

  load(params) {
    const [maxSteps, maxLatencyMs] = [readNumber(params, 'maxSteps'), readNumber(params, 'maxLatencyMs')]
    const { ids, acceptance } = readAcceptance(params)
    const columnOf = new Map(ids.map((id, column) => [id, column]))
    return {
      name: 'cascade',

      plan(query, candidates, priced, { lambda }): Plan {
        const order = rank(candidates, priced, lambda)
        const columns = candidates.map(({ id }) => columnOf.get(id))
        const known = candidates.flatMap((_, arm) => (columns[arm] === undefined ? [] : [arm]))
        const wide = (values: Float64Array, nothing: number) => {
          const row = new Float64Array(ids.length).fill(nothing)
          for (const arm of known) row[columns[arm]!] = values[arm]!
          return row
        }
        const expected = { quality: wide(priced.quality, 0.5), outputTokens: wide(priced.outputTokens, 0) }
        const believed = (heard: readonly Heard[], arms: readonly number[]): Belief => {
          const { quality, qualityStd } = believe(acceptance, expected, heard)
          const pick = (values: ArrayLike<number>) => arms.map((arm) => values[columns[arm]!]!)
          return {
            quality: pick(quality),
            qualityStd: pick(qualityStd),
            costUsd: Float64Array.from(arms, (arm) => priced.costUsd[arm]!),
          }
        }
        const arm = order[0]!
        const more = NOT_JUDGED.filter((capability) => query.requires.has(capability))
        const single: Plan = {
          kind: 'single',
          ...certain(arm, candidates.length),
          alternates: order.slice(1),
          explored: false,
          reason: `${candidates[arm]!.id} has the highest quality − λ · cost, and no answer is judged${more.length > 0 ? `: the request requires ${more.join(', ')}` : ''}`,
        }
        if (more.length > 0 || !known.includes(arm)) return single
        const first = known[cascadeRouting(believed([], known), [], maxSteps)(lambda)!]!
        return {
          kind: 'cascade',
          ...certain(first, candidates.length),
          alternates: order.filter((other) => other !== first),
          explored: false,
          maxLatencyMs,
          reason: `${candidates[first]!.id} is asked first, and its answer is judged (λ = ${round(lambda)})`,
          judge(answers, open) {
            // Who stood in for one that failed may be a stranger to the judge.
            const stranger = answers.find((answer) => !known.includes(answer.arm))
            if (stranger) {
              const chance = priced.quality[stranger.arm]!
              return { kind: 'accept', arm: stranger.arm, chance, reason: 'nothing has been learned of its answers' }
            }
            const heard = answers.map(({ arm, text, outputTokens }) => ({
              candidate: columns[arm]!,
              signals: readSignals(query.text, text, outputTokens),
            }))
            const arms = known.filter((arm) => open.includes(arm) || answers.some((answer) => answer.arm === arm))
            const belief = believed(heard, arms)
            const asked = answers.map(({ arm }) => arms.indexOf(arm))
            const next = cascadeRouting(belief, asked, maxSteps)(lambda)
            const best = bestAnswer(belief, asked)
            const chance = belief.quality[best]!
            const right = `right with probability ${round(chance)}`
            if (next === null) return { kind: 'accept', arm: arms[best]!, chance, reason: right }
            return {
              kind: 'ask',
              arm: arms[next]!,
              reason: `the best answer so far is ${right}, and another is worth its price`,
            }
          },
        }
      },
    }
  },
}

/** `null` where an outcome or an answer is missing. */
function exampleOf({ candidates, priced, quality, recorded }: Prediction, ids: readonly string[]) {
  if (!recorded) return null
  const arms = ids.map((id) => candidates.findIndex((candidate: Candidate) => candidate.id === id))
  if (arms.some((arm) => arm < 0 || recorded.answers[arm] === null || Number.isNaN(quality[arm]!))) return null
  const pick = (values: ArrayLike<number>) => Float64Array.from(arms, (arm) => values[arm]!)
  const example: AcceptanceExample = {
    expected: { quality: pick(priced.quality), outputTokens: pick(priced.outputTokens) },
    quality: pick(quality),
    answers: arms.map((arm) => readSignals(recorded.prompt, recorded.answers[arm]!, priced.outputTokens[arm]!)),
  }
  return example
}

function readAcceptance(params: JsonObject): { ids: string[]; acceptance: Acceptance } {
  const { candidates, acceptance } = params
  if (!Array.isArray(candidates) || typeof acceptance !== 'object' || acceptance === null || Array.isArray(acceptance))
    throw new RangeError("the planner's 'acceptance' is missing; train the policy again")
  return {
    ids: candidates.map(String),
    acceptance: acceptance as unknown as Acceptance,
  }
}
