/**
 * Tool call ids that both vendors accept: Anthropic wants `^[a-zA-Z0-9_-]+$`, OpenAI at most 40 characters.
 */
const PORTABLE = /^[a-zA-Z0-9_-]{1,40}$/

/**
 * An id both vendors accept. The same id always gives the same result and a result maps to itself, so a call and its
 * result stay a pair however often a conversation crosses between dialects.
 */
export function toolId(id: string): string {
  if (PORTABLE.test(id)) return id
  return `${id.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, 31)}_${fnv1a(id)}`
}

/** 32-bit FNV-1a over UTF-16 code units, 8 hex digits. */
function fnv1a(text: string): string {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}
