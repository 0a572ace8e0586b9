/** One router at one setting, on the prompts as recorded, on other wordings of them, and behind prefixes. */
import type { OutcomeMatrix } from '../metrics/points.ts'
import { mean } from '../metrics/statistics.ts'
import { createRandom } from '../random.ts'
import { toMatrix } from '../rows.ts'
import { chooseBehind, PREFIX_WORDS, searchPrefixes } from './attack.ts'
import { type Bench, dearestOf } from './bench.ts'
import { randomPrefix } from './confounder.ts'
import { type Change, type Choices, measureChange } from './measure.ts'
import { choose, type Mix, type Router } from './routers.ts'

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
