/** `GET /v1/decisions/{id}`: why this query went where it went, in words and in numbers. */
import { round } from '../route/round.ts'
import type { Considered, Decision, DecisionRecord } from '../spec.ts'

/** The record with a candidate table and a few sentences a person can read. */
export function explain(record: DecisionRecord) {
  const { decision, attempts, outcome, feedback } = record
  const { considered, ...chosen } = decision
  return {
    id: decision.id,
    explanation: [...sentences(decision, considered), ...steps(record)],
    decision: chosen,
    candidates: considered ? table(considered, decision.candidate) : [],
    excluded: considered?.excluded ?? [],
    support: considered?.support ?? null,
    guard: considered?.guard ?? null,
    neighbours: considered?.neighbours ?? [],
    attempts,
    outcome,
    feedback,
  }
}

function table(considered: Considered, chosen: string) {
  return considered.candidates.map((candidate, i) => ({
    candidate,
    chosen: candidate === chosen,
    quality: considered.quality[i],
    qualityStd: considered.qualityStd[i],
    costUsd: considered.costUsd[i],
    utility: considered.utility[i],
    chance: considered.chances[i],
    ...(considered.offline && { offline: considered.offline[i] }),
  }))
}

function sentences(decision: Decision, considered: Considered | null): string[] {
  if (decision.route === null || !considered) {
    return [
      `The client named the model "${decision.asked}" itself, so nothing was routed; the call is logged all the same.`,
    ]
  }
  const worth = `At the request’s λ one USD is worth ${round(decision.lambda ?? 0)} of quality; ${considered.candidates.length} candidates were feasible.`
  const vector = decision.query.embedded
    ? []
    : ['The encoder gave no vector in time, so only the cheap features of the prompt were used.']
  const excluded = considered.excluded.map(({ candidate, limit }) => `${candidate} was left out: ${limit}.`)
  return [
    decision.reason,
    worth,
    whoDecided(decision.policy, considered),
    ...learned(decision, considered),
    ...vector,
    ...excluded,
  ]
}

/** Where a route learns online: what it knew by then, what that made of the predictions, and whether this request was to add to it. */
function learned(
  { candidate, explored }: Decision,
  { lessons, offline, candidates, quality, chances }: Considered,
): string[] {
  if (lessons === undefined || offline === undefined) return []
  const changed = candidates.flatMap((id, i) => {
    const [before, now] = [round(offline[i]!), round(quality[i]!)]
    return before === now ? [] : [`${id} from ${before} to ${now}`]
  })
  const known =
    lessons === 0
      ? 'The route learns online and had learned nothing yet.'
      : `The route learns online and had learned from ${lessons} ${lessons === 1 ? 'reward' : 'rewards'}${changed.length > 0 ? `, which changed the predicted quality of ${changed.join(', of ')}` : ''}.`
  const others = chances.filter((chance) => chance > 0).length - 1
  const exploring = explored
    ? `This request was explored: ${candidate} was not predicted to be best, and was drawn to learn of it.`
    : `This request was not explored${others === 0 ? ', and no other candidate had a chance' : ''}.`
  return [known, exploring]
}

/** Of a cascade: whom it asked in turn, and what was decided about each answer. */
function steps({ attempts, outcome }: Pick<DecisionRecord, 'attempts' | 'outcome'>): string[] {
  if (!attempts.some(({ verdict }) => verdict !== undefined)) return []
  const told = attempts.map(({ candidate, error, latencyMs, costUsd, verdict = '' }, i) => {
    const done = error === null ? 'answered' : `failed (${error})`
    const cost = costUsd === null ? '' : ` for $${round(costUsd)}`
    return `Call ${i + 1}: ${candidate} ${done} after ${Math.round(latencyMs)} ms${cost}. ${verdict}`.trim()
  })
  if (outcome?.status !== 'ok') return told
  const models = new Set(attempts.map(({ candidate }) => candidate)).size
  const cost = outcome.costUsd === null ? '' : ` for $${round(outcome.costUsd)}`
  return [...told, `Of ${models} asked${cost} in all, the client got the answer of ${outcome.candidate}.`]
}

/** The constant or what was predicted: at guard factor 0 no prediction reached the planner. */
function whoDecided(policy: Decision['policy'], { support, guard, lessons }: Considered): string {
  if (policy === null && lessons !== undefined) {
    return 'No trained policy serves this route: what is predicted begins with the prior qualities of the candidates.'
  }
  if (policy === null) {
    return (
      'No learned policy serves this route: the constant that prior qualities and prices give for λ decided. ' +
      'To get one, write outcomes of your own prompts into an outcome set (docs/routing.md has the format), run ' +
      '`switchyard train --data PATH`, then `switchyard promote ID`.'
    )
  }
  const name = `Policy ${policy.slice(0, 12)}`
  const { shrink, minSupport, factor } = guard
  if (shrink === 0) return `${name} left the choice to its constant: it could not show that its predictions beat that.`
  if (factor === 0) {
    return `${name} left the choice to its constant: of queries like this one it knows too little (support ${round(support)}; its guard asks for more than ${round(minSupport)}).`
  }
  return `${name} predicted quality and length from the query (support ${round(support)} of 1); of what it predicts beyond its constant the guard let the factor ${round(factor)} through.`
}
