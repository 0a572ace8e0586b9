/** Hostile prefixes of a router: what it chooses behind given ones, and the search for the worst. */
import { mean } from '../metrics/statistics.ts'
import { shuffle } from '../random.ts'
import { type Bench, dearestOf } from './bench.ts'
import { climb } from './confounder.ts'
import type { Choices } from './measure.ts'
import { choose, type Mix, type Router } from './routers.ts'
import { readOnce } from './texts.ts'

/** Words of a prefix: 10 as in arXiv 2501.01818. */
export const PREFIX_WORDS = 10
/** Words tried at one place before the best of them is taken. */
const PROPOSALS = 8
/** Training queries on which a prefix is scored. */
const SEARCH_QUERIES = 32
/** The spend tells apart prefixes with the same share at the dearest candidate, and no others. */
const TIE = 1e-6

/** What is chosen for rows behind each of some prefixes. Baselines look at no vector: theirs are not worked out. */
export async function chooseBehind(
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

export interface SearchOptions {
  readonly bench: Bench
  /** How many to find, each from a start of its own. */
  readonly prefixes: number
  readonly random: () => number
  readonly onProgress: (done: number, total: number) => void
}

/** Prefixes that send as many training queries as could be found to the dearest candidate. */
export async function searchPrefixes(
  router: Router,
  mix: Mix,
  { bench, prefixes: wanted, random, onProgress }: SearchOptions,
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
