/**
 * Prefixes that steer a router to the dearest candidate whatever the query: the "confounder gadgets" of Rerouting LLM Routers (arXiv 2501.01818),
 * found by hill climbing, one word at a time. Black box: only whom the router asks is looked at. The paper climbs a router's score; where there
 * is none to be seen, the share of training queries at the dearest candidate is climbed instead.
 */

export interface ClimbOptions {
  /** Words that a prefix is made of. */
  readonly vocabulary: readonly string[]
  /** Words of a prefix. */
  readonly length: number
  /** Words tried at one place before the best of them is taken. */
  readonly proposals: number
  /** Prefixes that are scored in all, at most. */
  readonly evaluations: number
  readonly random: () => number
  readonly onProgress?: (done: number, total: number) => void
}

export interface Found {
  readonly prefix: string
  readonly score: number
}

/**
 * The best prefix found from a random start. A step that changes nothing is taken, so that plateaus are crossed; one for the worse never is.
 * Deterministic given `random` and `score`.
 * @param score of each prefix, higher is better
 */
export async function climb(
  score: (prefixes: readonly string[]) => Promise<readonly number[]>,
  options: ClimbOptions,
): Promise<Found> {
  const { vocabulary, length, proposals, evaluations, random, onProgress } = options
  let words = randomWords(vocabulary, length, random)
  let reached = (await score([toPrefix(words)]))[0]!
  let spent = 1
  while (spent < evaluations) {
    const place = Math.floor(random() * length)
    const tried = randomWords(vocabulary, Math.min(proposals, evaluations - spent), random).map((word) =>
      words.with(place, word),
    )
    const scores = await score(tried.map(toPrefix))
    spent += tried.length
    const best = scores.indexOf(Math.max(...scores))
    if (scores[best]! >= reached) {
      words = tried[best]!
      reached = scores[best]!
    }
    onProgress?.(spent, evaluations)
  }
  return { prefix: toPrefix(words), score: reached }
}

/** What a searched prefix is held against. */
export function randomPrefix(vocabulary: readonly string[], length: number, random: () => number): string {
  return toPrefix(randomWords(vocabulary, length, random))
}

/** The distinct words of prompts, in the order in which they first occur; none of more than `maxChars` characters. */
export function vocabularyOf(prompts: readonly string[], maxChars = 20): string[] {
  const words = new Set(prompts.flatMap((prompt) => prompt.split(/\s+/u)))
  return [...words].filter((word) => word !== '' && word.length <= maxChars)
}

function randomWords(vocabulary: readonly string[], count: number, random: () => number): string[] {
  return Array.from({ length: count }, () => vocabulary[Math.floor(random() * vocabulary.length)]!)
}

function toPrefix(words: readonly string[]): string {
  return words.map((word) => `${word} `).join('')
}
