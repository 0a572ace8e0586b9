/**
 * Vectors by content, kept on disk so that a second run embeds nothing. One append-only file per encoder; a record is
 * the SHA-256 of the text (32 bytes) followed by the vector (dim × 4 bytes, little-endian).
 */
import { createHash } from 'node:crypto'
import { mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Encoder, EncoderInfo } from '../spec.ts'

const KEY_BYTES = 32
/** Texts under way at once, which many sessions or a GPU share, and written together. */
const BATCH = 512

export interface EmbedOptions {
  readonly encoder: Encoder
  /** Folder of the cache files; made when missing, its owner's alone as the files are. */
  readonly cacheDir: string
  /** Called after every batch with the number of texts that have a vector. */
  readonly onProgress?: (done: number, total: number) => void
}

/** The vectors of texts, in their order; each distinct text is embedded at most once, now or in an earlier run. */
export async function embedCached(texts: readonly string[], options: EmbedOptions): Promise<Float32Array[]> {
  const { encoder, onProgress } = options
  const recordBytes = KEY_BYTES + 4 * encoder.info.dim
  await mkdir(options.cacheDir, { recursive: true, mode: 0o700 })
  const path = join(options.cacheDir, fileName(encoder.info))
  const known = await readRecords(path, encoder.info.dim)
  const keys = texts.map(keyOf)
  const missing = new Map(keys.flatMap((key, i) => (known.has(key) ? [] : [[key, texts[i]!] as const])))
  onProgress?.(keys.length - missing.size, keys.length)
  if (missing.size > 0) {
    const todo = [...missing]
    const file = await open(path, 'a', 0o600)
    try {
      // A record that a crash cut short would shift all later ones.
      const { size } = await file.stat()
      await file.truncate(size - (size % recordBytes))
      for (let at = 0; at < todo.length; at += BATCH) {
        const batch = todo.slice(at, at + BATCH)
        const vectors = await encoder.embed(batch.map(([, text]) => text))
        const records = new Uint8Array(batch.length * recordBytes)
        for (const [i, [key]] of batch.entries()) {
          const vector = vectors[i]!
          known.set(key, vector)
          records.set(Buffer.from(key, 'hex'), i * recordBytes)
          records.set(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength), i * recordBytes + KEY_BYTES)
        }
        await file.appendFile(records)
        onProgress?.(keys.length - todo.length + Math.min(at + BATCH, todo.length), keys.length)
      }
    } finally {
      await file.close()
    }
  }
  return keys.map((key) => known.get(key)!)
}

/** Vectors of different files or precisions never mix. */
function fileName({ id, precision, dim, sha256 }: EncoderInfo): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([id, precision, dim, sha256]))
    .digest('hex')
  return `${id.replace(/[^\w.-]+/g, '_')}-${digest.slice(0, 16)}.vectors`
}

function keyOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Whole records only; what is not of unit length was damaged and is embedded again. */
async function readRecords(path: string, dim: number): Promise<Map<string, Float32Array>> {
  const known = new Map<string, Float32Array>()
  const file = await readFile(path).catch(() => Buffer.alloc(0))
  const recordBytes = KEY_BYTES + 4 * dim
  for (let at = 0; at + recordBytes <= file.length; at += recordBytes) {
    const vector = new Float32Array(dim)
    new Uint8Array(vector.buffer).set(file.subarray(at + KEY_BYTES, at + recordBytes))
    const norm = Math.hypot(...vector)
    if (Math.abs(norm - 1) < 1e-3) known.set(file.toString('hex', at, at + KEY_BYTES), vector)
  }
  return known
}
