/** Outcome sets with their queries, and files of vectors that let a machine without the encoder run the benchmark. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeQuery } from '../../src/embed/query.ts'
import { windowText } from '../../src/embed/window.ts'
import type { Query } from '../../src/spec.ts'
import { readDataset } from '../../src/train/dataset.node.ts'
import type { OutcomeSet } from '../../src/train/outcomes.ts'
import { toAsk, toQueries } from '../../src/train/queries.ts'

export interface Material {
  readonly set: OutcomeSet
  /** `queries[row]` belongs to row `row` of the set. */
  readonly queries: readonly Query[]
}

export interface Places {
  /** Folder of the sets. */
  readonly data: string
  /** Folder of files by `saveVectors`; `null`: the encoder and its cache. */
  readonly vectors: string | null
}

const CACHE_DIR = '.switchyard/vectors'
const SCALE_BYTES = 4
const STEPS = 127

export async function loadMaterial(name: string, { data, vectors }: Places): Promise<Material> {
  const set = await readDataset(join(data, name))
  const prompts = set.queries.map(({ prompt }) => prompt)
  return { set, queries: vectors === null ? await embed(prompts) : await recall(prompts, join(vectors, name)) }
}

/** One record per row of the set: a Float32 scale, then a signed byte per dimension, rounded to 1/127 of the largest. */
export async function saveVectors({ set, queries }: Material, folder: string): Promise<void> {
  const dim = queries[0]?.vector?.length ?? 0
  const records = new DataView(new ArrayBuffer(queries.length * (SCALE_BYTES + dim)))
  for (const [row, { vector }] of queries.entries()) {
    const scale = Math.max(...vector!.map(Math.abs)) / STEPS
    const from = row * (SCALE_BYTES + dim)
    records.setFloat32(from, scale, true)
    for (const [i, value] of vector!.entries()) records.setInt8(from + SCALE_BYTES + i, Math.round(value / scale))
  }
  await writeFile(join(folder, set.name), records)
}

async function embed(prompts: readonly string[]): Promise<Query[]> {
  // Imported here, so that with vectors at hand no native package is loaded.
  const [{ createOnnxEncoder }, { packageFolder }] = await Promise.all([
    import('../../src/embed/onnx.node.ts'),
    import('../../src/package.node.ts'),
  ])
  const encoder = await createOnnxEncoder({ dir: join(packageFolder(), 'models/use-lite') })
  try {
    return await toQueries(prompts, { encoder, cacheDir: CACHE_DIR })
  } finally {
    await encoder.close()
  }
}

async function recall(prompts: readonly string[], path: string): Promise<Query[]> {
  const bytes = await readFile(path)
  const record = bytes.length / prompts.length
  if (!Number.isInteger(record))
    throw new RangeError(`${path} does not hold one vector for each of the ${prompts.length} queries: write it again.`)
  return prompts.map((prompt, row) => {
    const from = row * record
    const scale = bytes.readFloatLE(from)
    const steps = new Int8Array(bytes.buffer, bytes.byteOffset + from + SCALE_BYTES, record - SCALE_BYTES)
    const ask = toAsk(prompt)
    return makeQuery(
      ask,
      windowText(ask.turns),
      Float32Array.from(steps, (step) => step * scale),
    )
  })
}
