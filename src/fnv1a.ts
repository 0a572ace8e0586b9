/** A hash that is quick and no secret. Imports nothing; any room may import it. */

/** 32-bit FNV-1a (Fowler, Noll and Vo) over UTF-16 code units. Its low bits are weak. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
