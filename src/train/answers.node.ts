/** Recorded answers, as vectors for estimators and as they are for planners that learn from what candidates say. */
import { createHash } from 'node:crypto'
import { cut, WINDOW_CHARS } from '../embed/window.ts'
import type { Candidate, Encoder } from '../spec.ts'
import { type DatasetOptions, readAnswers, readLogprobs } from './dataset.node.ts'
import type { OutcomeSet } from './outcomes.ts'
import { type EmbedOptions, embedCached } from './vectors.node.ts'

/**
 * The set with vectors of its answers (query id → candidate id → text): of each the beginning and the end, as much as the encoder reads, without
 * white space around it. Equal answers have one vector. A blank answer says nothing and counts as not known.
 */
export async function withAnswers(
  set: OutcomeSet,
  answers: ReadonlyMap<string, Readonly<Record<string, string>>>,
  options: EmbedOptions,
): Promise<OutcomeSet> {
  const texts = set.queries.flatMap(({ id }) =>
    set.candidates.map((candidate) => cut((answers.get(id)?.[candidate.id] ?? '').trim(), WINDOW_CHARS)),
  )
  const distinct = [...new Set(texts)].filter((text) => text !== '')
  const vectors = await embedCached(distinct, options)
  const vectorOf = new Map(distinct.map((text, i) => [text, vectors[i]!]))
  return {
    ...set,
    answers: texts.map((text) => vectorOf.get(text) ?? null),
    sha256: createHash('sha256').update(set.sha256).update(JSON.stringify(texts)).digest('hex'),
  }
}

/**
 * The set at `location` with what the candidates answered and, of those that said so, how sure they were of it: able to say so they then are. As it is where
 * no answers are recorded.
 */
export async function withTexts(set: OutcomeSet, location: string, options: DatasetOptions): Promise<OutcomeSet> {
  const answers = await readAnswers(location, options)
  if (answers === null) return set
  const texts = set.queries.flatMap(({ id }) =>
    set.candidates.map((candidate) => answers.get(id)?.[candidate.id] ?? null),
  )
  const hash = createHash('sha256').update(set.sha256).update(JSON.stringify(texts))
  const known = await readLogprobs(location)
  if (known === null) return { ...set, texts, sha256: hash.digest('hex') }
  const logprobs = Float64Array.from(
    set.queries.flatMap(({ id }) => set.candidates.map((candidate) => known.get(id)?.[candidate.id] ?? Number.NaN)),
  )
  const saying = new Set([...known.values()].flatMap(Object.keys))
  const candidates = set.candidates.map((candidate): Candidate => {
    const { id, capabilities } = candidate
    return saying.has(id) ? { ...candidate, capabilities: new Set([...capabilities, 'logprobs']) } : candidate
  })
  return { ...set, candidates, texts, logprobs, sha256: hash.update(logprobs).digest('hex') }
}

/** The set at `location` with its answers as vectors; as it is where it has none, or nothing embeds them. */
export async function withRecordedAnswers(
  set: OutcomeSet,
  location: string,
  { encoder, ...options }: DatasetOptions & Omit<EmbedOptions, 'encoder'> & { readonly encoder: Encoder | null },
): Promise<OutcomeSet> {
  const answers = await readAnswers(location, options)
  return answers === null || encoder === null ? set : withAnswers(set, answers, { ...options, encoder })
}
