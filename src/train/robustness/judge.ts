/** One router at one setting, on the prompts as recorded, on other wordings of them, and behind prefixes. */
import type { Encoder } from '../../spec.ts'
import type { OutcomeMatrix } from '../metrics/points.ts'
import { mean } from '../metrics/statistics.ts'
import { createRandom, shuffle } from '../random.ts'
import { toMatrix } from '../rows.ts'
import { climb, randomPrefix } from './confounder.ts'
import { type Change, type Choices, measureChange } from './measure.ts'
import type { Mix, Router } from './routers.ts'
import { readOnce, type Texts, type Wording } from './texts.ts'

/** Words of a prefix: 10 as in arXiv 2501.01818. */
const PREFIX_WORDS = 10
/** Words tried at one place before the best of them is taken. */
const PROPOSALS = 8
/** Training queries on which a prefix is scored. */
const SEARCH_QUERIES = 32
/** The spend tells apart prefixes with the same share at the dearest candidate, and no others. */
const TIE = 1e-6

/** What all routers of a set are judged with. */
export interface Bench {
  readonly texts: Texts
  /** Recorded rows that prefixes are searched on. */
  readonly train: readonly number[]
  /** Recorded rows to judge on, all outcomes known. */
  readonly test: readonly number[]
  /** One entry per perturbation, each with the other wording of every test row. */
  readonly rewordings: readonly (readonly Wording[])[]
  /** Mean cost of each candidate on the training queries, USD. */
  readonly costs: readonly number[]
  /** Words that prefixes are made of. */
  readonly vocabulary: readonly string[]
  readonly encoder: Encoder | null
  /** Prefixes scored in one search. */
  readonly evaluations: number
  readonly seed: number
  /** Bootstrap draws. */
  readonly draws: number
}

/** What prefixes do to the test queries. */
export interface Prefixed {
  readonly prefixes: readonly string[]
  readonly overall: Change
  /** In the order of `prefixes`. */
  readonly each: readonly Change[]
}

export interface Judged {
  readonly mix: Mix
  /** Of the prompts as recorded. */
  readonly quality: number
  readonly costUsd: number
  /** In the order of the perturbations. */
  readonly each: readonly Change[]
  /** Of all perturbations, each counting alike. */
  readonly overall: Change
  /** `null` where no prefixes are wanted, or nothing costs anything. */
  readonly attack: { readonly random: Prefixed; readonly searched: Prefixed } | null
}

export interface JudgeOptions {
  readonly bench: Bench
  /** Prefixes that are searched, and as many that are drawn at random; 0: none. */
  readonly prefixes: number
  readonly onProgress: (done: number, total: number) => void
}

export async function judgeRouter(router: Router, mix: Mix, options: JudgeOptions): Promise<Judged> {
  const { bench, prefixes } = options
  const { texts, test, seed, draws, vocabulary } = bench
  const outcomes = toMatrix(texts.set, test)
  const weights = mix.map(({ weight }) => weight)
  const before = choose(router, mix, test)
  const dearest = dearestOf(bench)
  const measure = (after: readonly Choices[]) =>
    measureChange(outcomes, { weights, before, after, dearest, random: createRandom(seed), draws })
  const tryOut = async (list: readonly string[]): Promise<Prefixed> => {
    const after: Choices[] = []
    for (const prefix of list)
      after.push((await chooseBehind(router, mix, { bench, prefixes: [prefix], rows: test }))[0]!)
    return { prefixes: list, overall: measure(after), each: after.map((one) => measure([one])) }
  }
  const after = bench.rewordings.map((wordings) => texts.lend(wordings, (rows) => choose(router, mix, rows)))
  const random = createRandom(seed)
  return {
    mix,
    quality: expected(outcomes, outcomes.qualities, { weights, choices: before }),
    costUsd: expected(outcomes, outcomes.costs, { weights, choices: before }),
    each: after.map((one) => measure([one])),
    overall: measure(after),
    attack:
      prefixes > 0 && bench.costs[dearest]! > 0
        ? {
            random: await tryOut(
              Array.from({ length: prefixes }, () => randomPrefix(vocabulary, PREFIX_WORDS, random)),
            ),
            searched: await tryOut(await searchPrefixes(router, mix, { ...options, random })),
          }
        : null,
  }
}

/** The column of the candidate that costs most on the training queries. */
export function dearestOf({ costs }: Pick<Bench, 'costs'>): number {
  return costs.indexOf(Math.max(...costs))
}

function choose(router: Router, mix: Mix, rows: readonly number[]): Choices {
  const lambdas = mix.map(({ lambda }) => lambda)
  const chosen = rows.map((row) => router.decide(row, lambdas))
  return lambdas.map((_, k) => chosen.map((columns) => columns[k]!))
}

/** What is chosen for rows behind each of some prefixes. Baselines look at no vector: theirs are not worked out. */
async function chooseBehind(
  router: Router,
  mix: Mix,
  {
    bench,
    prefixes,
    rows,
  }: { readonly bench: Bench; readonly prefixes: readonly string[]; readonly rows: readonly number[] },
): Promise<Choices[]> {
  const { texts, encoder } = bench
  const prompts = prefixes.flatMap((prefix) => rows.map((row) => `${prefix}${texts.set.queries[row]!.prompt}`))
  const queries = await readOnce(prompts, router.kind === 'policy' ? encoder : null)
  const wordings = prompts.map((prompt, i) => ({ origin: rows[i % rows.length]!, prompt, query: queries[i]! }))
  return prefixes.map((_, p) =>
    texts.lend(wordings.slice(p * rows.length, (p + 1) * rows.length), (lent) => choose(router, mix, lent)),
  )
}

async function searchPrefixes(
  router: Router,
  mix: Mix,
  { bench, prefixes: wanted, random, onProgress }: JudgeOptions & { readonly random: () => number },
): Promise<string[]> {
  const { train, costs, vocabulary, evaluations } = bench
  const dearest = dearestOf(bench)
  const rows = shuffle(train, random).slice(0, SEARCH_QUERIES)
  const found: string[] = []
  for (let n = 0; n < wanted; n++) {
    const score = async (prefixes: readonly string[]) =>
      (await chooseBehind(router, mix, { bench, prefixes, rows })).map((choices) =>
        mix.reduce((sum, { weight }, k) => {
          const columns = Array.from(choices[k]!)
          const share = mean(columns.map((column) => (column === dearest ? 1 : 0)))
          return sum + weight * (share + (TIE * mean(columns.map((column) => costs[column]!))) / costs[dearest]!)
        }, 0),
      )
    const { prefix } = await climb(score, {
      vocabulary,
      length: PREFIX_WORDS,
      proposals: PROPOSALS,
      evaluations,
      random,
      onProgress: (done) => onProgress(n * evaluations + done, wanted * evaluations),
    })
    found.push(prefix)
  }
  return found
}

/** Mean over the queries of a matrix's entries at the chosen columns, in expectation over the mix. */
function expected(
  { models }: OutcomeMatrix,
  entries: Float64Array,
  { weights, choices }: { readonly weights: readonly number[]; readonly choices: Choices },
): number {
  return weights.reduce(
    (sum, weight, k) => sum + weight * mean(Array.from(choices[k]!, (column, i) => entries[i * models + column]!)),
    0,
  )
}
