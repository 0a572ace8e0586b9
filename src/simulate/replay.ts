/** The provider kind `replay`: recorded outcomes of a data set, served as if the models were asked again. */
import { type Behaviour, SimulatedRefusal } from './behaviour.ts'

/** What one model did on one query. */
export interface RecordedAnswer {
  /** `null`: the set has no answer texts; a text that names the record is served instead. */
  readonly text: string | null
  readonly inputTokens: number
  readonly outputTokens: number
  readonly latencyMs: number
  /** How sure it was of its words, as a cascade reads it; absent where that is not recorded. */
  readonly logprob?: number
}

export interface RecordedQuery {
  readonly id: string
  readonly prompt: string
  /** By model name; a model without an entry has no record for this query. */
  readonly answers: ReadonlyMap<string, RecordedAnswer>
}

/** The text that stands in for an answer the set does not have. */
export function placeholderAnswer(query: string, model: string): string {
  return `Recorded outcome of ${model} on ${query}; the data set has no answer text.`
}

/**
 * A behaviour that answers each recorded prompt with the recorded answer. Prompts are matched to the letter;
 * where a prompt occurs twice, its first record answers.
 */
export function createReplay(queries: Iterable<RecordedQuery>): Behaviour {
  const byPrompt = new Map<string, RecordedQuery>()
  for (const query of queries) if (!byPrompt.has(query.prompt)) byPrompt.set(query.prompt, query)
  return ({ prompt, model }) => {
    const query = byPrompt.get(prompt)
    if (!query) {
      throw new SimulatedRefusal(
        400,
        `The replayed data set has no prompt "${prompt.slice(0, 80)}". Send a recorded prompt, unchanged.`,
      )
    }
    const answer = query.answers.get(model)
    if (!answer)
      throw new SimulatedRefusal(404, `The replayed data set has no outcome of model "${model}" on query ${query.id}.`)
    const { text: recorded, ...measured } = answer
    const text = recorded ?? placeholderAnswer(query.id, model)
    return { ...measured, text, toolCalls: [], finish: 'stop' }
  }
}
