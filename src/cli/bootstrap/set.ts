/** Graded answers as an outcome set, which is what everything that learns takes. */
import { createHash } from 'node:crypto'
import { SwitchyardError } from '../../errors.ts'
import type { Candidate } from '../../spec.ts'
import { assemble } from '../../train/formats/assemble.ts'
import type { Cell } from '../../train/formats/cells.ts'
import type { OutcomeSet } from '../../train/outcomes.ts'
import { pricesOf } from '../prices.ts'
import type { Graded } from './collect.ts'
import { toOutcomeQuery } from './prompts.ts'

/** Columns in the order of the candidates, who are as configured. Throws `data_invalid` for a candidate that answered nothing. */
export function toSet(graded: readonly Graded[], candidates: readonly Candidate[], name: string): OutcomeSet {
  const silent = candidates.find((_, m) => graded.every(({ answers }) => answers[m] === null))
  if (silent)
    throw new SwitchyardError(
      'data_invalid',
      `Candidate ${silent.id} answered none of the prompts. \`switchyard doctor\` says whether it can be reached; or leave it out of the route.`,
    )
  const cells = candidates.flatMap(({ id }, m) =>
    graded.flatMap(({ answers, qualities }, query): Cell[] => {
      const answer = answers[m]
      if (!answer) return []
      const { usage, costUsd, latencyMs, text } = answer
      const quality = qualities[m] ?? Number.NaN
      const measured = { costUsd, inputTokens: usage.input, outputTokens: usage.output, latencyS: latencyMs / 1000 }
      return [{ query, model: id, answer: text, where: name, quality, ...measured }]
    }),
  )
  const sha256 = createHash('sha256')
    .update(JSON.stringify(graded.map(({ prompt, qualities, answers }) => [prompt, qualities, answers])))
    .digest('hex')
  const queries = graded.map(({ prompt }) => toOutcomeQuery(prompt))
  const given = graded.flatMap(({ answers }) => candidates.map((_, m) => answers[m] ?? null))
  const logprobs = Float64Array.from(given, (answer) => answer?.logprob ?? Number.NaN)
  return {
    ...assemble({ queries, cells }, { name, sha256, prices: pricesOf(candidates) }),
    candidates,
    texts: given.map((answer) => answer?.text ?? null),
    ...(!logprobs.every(Number.isNaN) && { logprobs }),
  }
}
