/** In which order prompts are asked. */
import { distancesTo, kmeans, nearest } from '../../../routers/kmeans.ts'
import type { Encoder, Query } from '../../spec.ts'
import type { Prompt } from '../../train/bootstrap/prompts.ts'
import { quantileStrata, stratifiedOrder } from '../../train/bootstrap/strata.ts'
import { queriesOf } from '../../train/queries.ts'
import { createRandom } from '../../train/random.ts'
import { progress } from '../output.ts'
import { toOutcomeQuery } from './prompts.ts'

/** Kinds of prompts that the sample is spread over, at most. */
const MAX_STRATA = 24

/** All prompts, so that any beginning of them is a fair sample: by clusters of their vectors, without an encoder by their length. */
export async function sampleOf(
  prompts: readonly Prompt[],
  { encoder, cacheDir, seed }: { readonly encoder: Encoder | null; readonly cacheDir: string; readonly seed: number },
): Promise<Prompt[]> {
  const queries = prompts.map(toOutcomeQuery)
  const bar = progress('embedding')
  const byRow = await queriesOf({ name: 'prompts', queries }, [...queries.keys()], {
    encoder,
    cacheDir,
    onProgress: bar.update,
  })
  bar.stop()
  const random = createRandom(seed)
  const count = Math.min(MAX_STRATA, Math.ceil(Math.sqrt(prompts.length / 2)))
  const known = queries.map((_, row) => byRow.get(row)!)
  return stratifiedOrder(clustersOf(known, count, random), random).map((i) => prompts[i]!)
}

function clustersOf(queries: readonly Query[], count: number, random: () => number): number[] {
  const width = queries[0]?.vector?.length ?? 0
  if (width === 0)
    return quantileStrata(
      queries.map(({ inputTokens }) => inputTokens),
      count,
    )
  const rows = new Float32Array(queries.length * width)
  for (const [i, { vector }] of queries.entries()) rows.set(vector!, i * width)
  const { centroids } = kmeans({ rows, n: queries.length, width }, { clusters: count, restarts: 1, random })
  const distances = distancesTo(centroids, width)
  return queries.map(({ vector }) => nearest(distances(Float64Array.from(vector!))))
}
