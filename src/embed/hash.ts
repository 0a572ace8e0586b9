/**
 * A deterministic encoder without a model: the bag of a text's words, hashed into a vector with signs (Weinberger et al.
 * 2009, "Feature Hashing for Large Scale Multitask Learning"). The test double for the real encoders: texts that share words are near.
 */
import { fnv1a } from '../fnv1a.ts'
import type { Encoder } from '../spec.ts'

export function createHashEncoder(options: { readonly dim?: number } = {}): Encoder {
  const dim = options.dim ?? 64
  return {
    info: { id: `hash-${dim}`, precision: 'exact', dim, sha256: '0'.repeat(64) },
    embed: async (texts) => texts.map((text) => hashWords(text, dim)),
    close: async () => {},
  }
}

function hashWords(text: string, dim: number): Float32Array {
  const vector = new Float32Array(dim)
  for (const [word] of text.toLowerCase().matchAll(/[\p{L}\p{N}]+/gu)) {
    const hash = mix(fnv1a(word))
    vector[(hash >>> 1) % dim]! += hash & 1 ? 1 : -1
  }
  const norm = Math.hypot(...vector)
  // No words, or words that cancel out: any fixed direction.
  if (norm === 0) vector[0] = 1
  else for (let i = 0; i < dim; i++) vector[i]! /= norm
  return vector
}

/** A last mix, because the low bits of a hash decide. */
function mix(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  return (mixed ^ (mixed >>> 13)) >>> 0
}
