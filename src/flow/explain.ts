/** `GET /v1/decisions/{id}`: why this query went where it went, in words and in numbers. */
import type { Considered, DecisionRecord } from '../spec.ts'

/** The record with a candidate table and a few sentences a person can read. */
export function explain({ decision, attempts, outcome, feedback }: DecisionRecord) {
  const { considered, ...chosen } = decision
  return {
    id: decision.id,
    explanation: sentences(decision, considered),
    decision: chosen,
    candidates: considered ? table(considered, decision.candidate) : [],
    excluded: considered?.excluded ?? [],
    support: considered?.support ?? null,
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
  }))
}

function sentences(decision: DecisionRecord['decision'], considered: Considered | null): string[] {
  if (decision.route === null || !considered) {
    return [
      `The client named the model "${decision.asked}" itself, so nothing was routed; the call is logged all the same.`,
    ]
  }
  const worth = `One USD was worth ${round(decision.lambda ?? 0)} of quality (λ); ${considered.candidates.length} candidates were feasible.`
  const policy =
    decision.policy === null
      ? 'No learned policy is promoted for this route yet: the constant that prior qualities and prices give for λ decided. ' +
        'To get one, record outcomes of your own prompts, run `switchyard train`, then `switchyard policies use ID`.'
      : considered.support <= 0
        ? `Policy ${decision.policy.slice(0, 12)} has seen too little like this query and left the choice to its constant.`
        : `Policy ${decision.policy.slice(0, 12)} predicted quality and length from the query (support ${considered.support.toFixed(2)} of 1).`
  const vector = decision.query.embedded
    ? []
    : ['The encoder gave no vector in time, so only the cheap features of the prompt were used.']
  const excluded = considered.excluded.map(({ candidate, limit }) => `${candidate} was left out: ${limit}.`)
  return [decision.reason, worth, policy, ...vector, ...excluded]
}

function round(value: number): number {
  return Number(value.toPrecision(4))
}
