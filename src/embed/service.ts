/** What encoders behind an API have in common: batches, and vectors that are checked and brought to unit norm. */
import { sha256Hex } from '../bytes.ts'
import { SwitchyardError } from '../errors.ts'
import type { Encoder } from '../spec.ts'

export interface ServiceOptions {
  /** The model's name, and the encoder's id: two APIs that serve one model serve one policy. */
  readonly model: string
  /** Length of its vectors. Known beforehand, so that a policy can be checked while the service is out of reach. */
  readonly dim: number
}

/** Texts in one call: what the strictest servers take by default. */
const BATCH = 32

/**
 * @param embedBatch asks the service; its answer is checked here
 *
 * `embed` rejects with `upstream_malformed` when the answer is not one vector of `dim` numbers for each text.
 */
export async function createServiceEncoder(
  { model, dim }: ServiceOptions,
  embedBatch: (texts: readonly string[]) => Promise<readonly unknown[]>,
): Promise<Encoder> {
  // There is no file whose hash would tell one model from another: its name has to.
  const sha256 = await sha256Hex(new TextEncoder().encode(`${model} ${dim}`))
  return {
    info: { id: model, precision: 'remote', dim, sha256 },
    async embed(texts) {
      const vectors: Float32Array[] = []
      for (let at = 0; at < texts.length; at += BATCH) {
        const batch = texts.slice(at, at + BATCH)
        const answer = await embedBatch(batch)
        if (answer.length !== batch.length) {
          throw malformed(model, `${answer.length} vectors for ${batch.length} texts`)
        }
        vectors.push(...answer.map((vector) => toUnit(vector, { model, dim })))
      }
      return vectors
    },
    close: async () => {},
  }
}

/** The error of an answer that cannot be used. `what` must hold nothing of the texts. */
export function malformed(model: string, what: string): SwitchyardError {
  return new SwitchyardError('upstream_malformed', `The embedding model "${model}" answered ${what}.`)
}

function toUnit(values: unknown, { model, dim }: ServiceOptions): Float32Array {
  if (!Array.isArray(values)) throw malformed(model, 'something else than a list of numbers')
  if (values.length !== dim) {
    throw malformed(
      model,
      `a vector of ${values.length} numbers, and \`encoder.dim\` is ${dim}: set it to the model's own`,
    )
  }
  const norm = Math.hypot(...values)
  if (!(norm > 0 && norm < Number.POSITIVE_INFINITY)) throw malformed(model, 'a vector that has no direction')
  return Float32Array.from(values, (value) => value / norm)
}
