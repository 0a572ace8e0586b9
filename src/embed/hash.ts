/**
 * A deterministic encoder without a model: the bag of a text's words, hashed into a vector with signs (Weinberger et al.
 * 2009, "Feature Hashing for Large Scale Multitask Learning"). The test double for the real encoders: texts that share words are near.
 */
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
    const hash = fnv1a(word)
    vector[(hash >>> 1) % dim]! += hash & 1 ? 1 : -1
  }
  const norm = Math.hypot(...vector)
  // No words, or words that cancel out: any fixed direction.
  if (norm === 0) vector[0] = 1
  else for (let i = 0; i < dim; i++) vector[i]! /= norm
  return vector
}

/** 32-bit FNV-1a over UTF-16 code units, with a last mix because its low bits are weak. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}
