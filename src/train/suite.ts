/**
 * The published comparisons that recorded outcomes allow, with what was published. Every figure says what differs in the protocol:
 * routers that learned from other data, or chose their point on the test queries, are not beaten by being passed.
 */
import type { Comparison, Score } from './compare.ts'
import type { Interval } from './metrics/interval.ts'
import type { OutcomeSet } from './outcomes.ts'
import { completeRows } from './rows.ts'
import { EVERYTHING, type Part, type Study, type View } from './splits.node.ts'

/** A figure of a router in a comparison; `published` is the best that the source prints. */
export interface Figure {
  readonly name: string
  readonly better: 'higher' | 'lower'
  readonly published: { readonly value: number; readonly by: string } | null
  of(score: Score): Interval | null
}

/** A comparison to run, and what is read from each of its views. */
export interface Benchmark {
  readonly title: string
  readonly source: string
  /** What differs from the source's protocol. */
  readonly differs: string
  /** Names of the sets that it needs. */
  readonly sets: readonly string[]
  /** `sets` in their order. */
  prepare(sets: readonly OutcomeSet[]): { readonly set: OutcomeSet; readonly study: Study }
  figures(comparison: Comparison): readonly Figure[]
}

const quality = (published: Figure['published'] = null): Figure => ({
  name: 'quality',
  better: 'higher',
  published,
  of: ({ reached }) => reached[0]?.quality ?? null,
})
const taskAverage = (published: Figure['published'] = null): Figure => ({
  name: 'task average',
  better: 'higher',
  published,
  of: ({ reached }) => reached[0]?.taskAverage ?? null,
})

/** Of RouteLLM (arXiv 2406.18665), tables 2 and 3, GPT-4 and Mixtral 8x7B: APGR, and the share of strong calls in per cent. */
const ROUTELLM = {
  mmlu: {
    inDomain: { apgr: [0.603, 'SW ranking'], cpt50: [35.4, 'SW ranking'], cpt80: [70.31, 'causal LLM'] },
    without: {
      apgr: [0.524, 'matrix factorisation'],
      cpt50: [45, 'matrix factorisation'],
      cpt80: [76.86, 'matrix factorisation'],
    },
  },
  gsm8k: {
    inDomain: { apgr: [0.622, 'causal LLM'], cpt50: [33.64, 'causal LLM'], cpt80: [63.26, 'causal LLM'] },
    without: { apgr: [0.4753, 'SW ranking'], cpt50: [53.59, 'matrix factorisation'], cpt80: [82.11, 'SW ranking'] },
  },
} as const

function pairFigures(view: string | null, training: 'inDomain' | 'without'): Figure[] {
  const published = view === 'mmlu' || view === 'gsm8k' ? ROUTELLM[view][training] : null
  const percent = (interval: Interval | undefined): Interval | null =>
    interval === undefined ? null : { value: 100 * interval.value, low: 100 * interval.low, high: 100 * interval.high }
  const of = (figure: 'apgr' | 'cpt50' | 'cpt80') =>
    published && { value: published[figure][0], by: published[figure][1] }
  return [
    { name: 'APGR', better: 'higher', published: of('apgr'), of: ({ pair }) => pair?.apgr ?? null },
    { name: 'CPT(50 %), % of calls', better: 'lower', published: of('cpt50'), of: ({ pair }) => percent(pair?.cpt50) },
    { name: 'CPT(80 %), % of calls', better: 'lower', published: of('cpt80'), of: ({ pair }) => percent(pair?.cpt80) },
  ]
}

const PAIR = [
  { here: 'mistralai/Mixtral-8x7B-Instruct-v0.1', there: 'mistralai/mixtral-8x7b-chat' },
  { here: 'gpt-4-1106-preview', there: 'gpt-4-1106-preview' },
]

export const SUITE: readonly Benchmark[] = [
  {
    title: 'RouteLLM, with labels of the same tasks',
    source:
      'arXiv 2406.18665, tables 2 and 3: routers trained on Chatbot Arena with golden labels (MMLU) or judged ones (GSM8K)',
    differs:
      'ours learn from 1,471 MMLU and 395 GSM8K questions and are judged on the other 12,566 and 912; theirs learned from arena votes and about 1,500 golden labels or 120,000 judgements, and are judged on all',
    sets: ['routellm'],
    prepare: ([set]) => ({ set: set!, study: official(set!, byTask(set!)) }),
    figures: ({ view }) => pairFigures(view, 'inDomain'),
  },
  {
    title: 'RouteLLM, without labels of these tasks',
    source: 'arXiv 2406.18665, tables 2 and 3: routers trained on Chatbot Arena alone',
    differs:
      'ours learn from 2,203 outcomes of the same two models on MBPP, ARC and Winogrande (RouterBench); theirs from 55,000 arena votes',
    sets: ['routellm', 'routerbench_rdc'],
    prepare: ([set, other]) => transfer(set!, other!),
    figures: ({ view }) => pairFigures(view, 'without'),
  },
  {
    title: 'RouterDC, seven models of 7 to 8 billion parameters',
    source: 'arXiv 2409.19886, tables 1 and 2, as recalled in the set’s notes',
    differs:
      'the same questions, models and splits but for 19 training questions that are in a test file too; RouterDC fine-tunes its encoder, ours is frozen; out of distribution it prints the average of three tasks, without HumanEval-JavaScript',
    sets: ['routerdc7'],
    prepare: ([set]) => ({
      set: set!,
      study: official(set!, [
        { name: 'test', has: (row) => set!.queries[row]!.split === 'test' },
        { name: 'out of distribution', has: (row) => set!.queries[row]!.split === 'ood' },
        {
          name: 'out of distribution, three tasks',
          has: (row) => set!.queries[row]!.split === 'ood' && set!.queries[row]!.task !== 'humaneval_js',
        },
      ]),
    }),
    figures: ({ view }) => {
      if (view === 'test') return [quality(), taskAverage({ value: 0.5854, by: 'RouterDC' })]
      return view === 'out of distribution' ? [quality()] : [taskAverage({ value: 0.4585, by: 'RouterDC' })]
    },
  },
  {
    title: 'RouterBench: MBPP, ARC-Challenge and Winogrande',
    source: 'arXiv 2403.12031: the bar is its zero router, the best mix of two single models for the same money',
    differs: 'the paper prints no figure for these three tasks alone; the bar is computed here from the same outcomes',
    sets: ['routerbench_rdc'],
    prepare: ([set]) => ({ set: set!, study: official(set!, [EVERYTHING, ...byTask(set!)]) }),
    figures: ({ aims }) => [
      ...aims.flatMap((aim, a): Figure[] =>
        aim.kind === 'budget'
          ? [
              {
                name: `quality at ${100 * aim.share} % of the cost`,
                better: 'higher',
                published: null,
                of: ({ reached }) => reached[a]?.quality ?? null,
              },
            ]
          : [],
      ),
      { name: 'AIQ', better: 'higher', published: null, of: ({ aiq }) => aiq },
    ],
  },
  {
    title: 'FusionBench, nine models, fourteen tasks',
    source: 'LLMRouter, 500 test queries of ten tasks; no figure of a router on them is published',
    differs: 'costs are nominal, so quality alone is compared',
    sets: ['fusionbench'],
    prepare: ([set]) => ({ set: set!, study: official(set!, [EVERYTHING]) }),
    figures: () => [quality(), taskAverage()],
  },
]

function byTask(set: OutcomeSet): View[] {
  const tasks = new Set(set.queries.filter(({ split }) => split === 'test').map(({ task }) => task))
  return [...tasks].sort().map((name) => ({ name, has: (row) => set.queries[row]!.task === name }))
}

/** Learned from `train`, judged on all other splits. */
function official(set: OutcomeSet, views: readonly View[]): Study {
  const rows = set.queries.map((_, row) => row)
  const [train, others] = [true, false].map((own) =>
    rows.filter((row) => (set.queries[row]!.split === 'train') === own),
  )
  const part: Part = { name: 'test', train: train!, test: completeRows(set, others!) }
  return { name: 'official', drawn: false, parts: () => [part], views }
}

/** Outcomes of the same pair of models on other questions, to learn from; the set's own test questions, to be judged by. */
function transfer(set: OutcomeSet, other: OutcomeSet): { set: OutcomeSet; study: Study } {
  const own = set.queries.flatMap(({ split }, row) => (split === 'test' ? [row] : []))
  const foreign = other.queries.flatMap(({ split }, row) => (split === 'train' ? [row] : []))
  const here = PAIR.map((pair) => columnOf(set, pair.here))
  const there = PAIR.map((pair) => columnOf(other, pair.there))
  const stack = (matrix: 'quality' | 'inputTokens' | 'outputTokens' | 'latencyMs') =>
    Float64Array.from([
      ...foreign.flatMap((row) => there.map((column) => other[matrix][row * other.candidates.length + column]!)),
      ...own.flatMap((row) => here.map((column) => set[matrix][row * set.candidates.length + column]!)),
    ])
  const candidates = here.map((column) => set.candidates[column]!)
  const [inputTokens, outputTokens] = [stack('inputTokens'), stack('outputTokens')]
  // One price list for both: the set's own.
  const costUsd = inputTokens.map((input, at) => {
    const { inputPerMTok, outputPerMTok } = candidates[at % candidates.length]!.price!
    return (input * inputPerMTok + outputTokens[at]! * outputPerMTok) / 1e6
  })
  const joined: OutcomeSet = {
    ...set,
    name: `${set.name} from ${other.name}`,
    queries: [
      ...foreign.map((row) => ({ ...other.queries[row]!, id: `${other.name}:${other.queries[row]!.id}` })),
      ...own.map((row) => set.queries[row]!),
    ],
    candidates,
    quality: stack('quality'),
    costUsd,
    inputTokens,
    outputTokens,
    latencyMs: stack('latencyMs'),
    duplicates: [],
    sha256: `${set.sha256}+${other.sha256}`,
  }
  return { set: joined, study: { ...official(joined, byTask(joined)), name: `learned from ${other.name}` } }
}

function columnOf(set: OutcomeSet, id: string): number {
  const column = set.candidates.findIndex((candidate) => candidate.id === id)
  if (column >= 0) return column
  throw new RangeError(`${set.name} has no candidate ${id}`)
}
