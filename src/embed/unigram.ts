/**
 * SentencePiece unigram tokenizer: the most probable split of a text into pieces of a fixed vocabulary
 * (Kudo 2018, "Subword Regularization", section 3.2), by the Viterbi algorithm over typed arrays.
 *
 * It reads the Hugging Face `tokenizer.json` of such a model and gives the ids of the reference library. Only the pipeline
 * NFKC → Metaspace → Unigram is spoken, without added tokens and post-processing; anything else in the file is refused.
 * Between splits of equal score the one with the longer last piece wins, as in the reference library; other implementations break ties otherwise,
 * which shows in runs of blanks or of `_`.
 */
import { SwitchyardError } from '../errors.ts'

/** Text to token ids. */
export interface Tokenizer {
  encode(text: string): Int32Array
}

/** An unknown character costs this much more than the worst piece, in nats (SentencePiece's `kUnkPenalty`). */
const UNKNOWN_PENALTY = 10

/**
 * @param file the parsed `tokenizer.json`
 * @throws `unsupported` when the file asks for a step that is not spoken here
 */
export function createUnigramTokenizer(file: unknown): Tokenizer {
  const { vocab, unknown, space } = readTokenizer(file)
  const trie = buildTrie(vocab.map(([piece]) => piece))
  const scores = Float64Array.from(vocab, ([, score]) => score)
  const unknownScore = scores.reduce((worst, score) => Math.min(worst, score), 0) - UNKNOWN_PENALTY
  scores[unknown] = unknownScore
  let lattice = createLattice(1024)

  /** Fills the lattice: for every end position the best score, where its last piece starts and which piece that is. */
  function search(text: string): void {
    const { best, start, piece } = lattice
    best.fill(Number.NEGATIVE_INFINITY, 1, text.length + 1)
    best[0] = 0
    for (let from = 0; from < text.length; ) {
      const score = best[from]!
      const width = text.codePointAt(from)! > 0xffff ? 2 : 1
      let covered = false
      let node = 0
      for (let to = from; to < text.length; ) {
        node = trie.next(node, text.charCodeAt(to++))
        if (node < 0) break
        const id = trie.piece[node]!
        if (id < 0) continue
        if (to - from === width) covered = true
        if (score + scores[id]! > best[to]!) {
          best[to] = score + scores[id]!
          start[to] = from
          piece[to] = id
        }
      }
      const end = from + width
      if (!covered && score + unknownScore > best[end]!) {
        best[end] = score + unknownScore
        start[end] = from
        piece[end] = unknown
      }
      from = end
    }
  }

  return {
    encode(text) {
      const normal = text.normalize('NFKC')
      if (normal === '') return new Int32Array(0)
      const spaced = normal.replaceAll(' ', space)
      const input = spaced.startsWith(space) ? spaced : space + spaced
      if (input.length >= lattice.best.length) lattice = createLattice(input.length * 2)
      search(input)

      const ids = new Int32Array(input.length)
      let first = input.length
      for (let end = input.length; end > 0; end = lattice.start[end]!) {
        const id = lattice.piece[end]!
        // A run of unknown characters is one unknown token.
        if (id !== unknown || first === input.length || ids[first] !== unknown) ids[--first] = id
      }
      return ids.slice(first)
    },
  }
}

/** Checks by hand, not by schema: every worker thread reads this file, and a schema library would cost it 15 MB and 50 ms. */
function readTokenizer(file: unknown): {
  vocab: readonly (readonly [string, number])[]
  unknown: number
  space: string
} {
  const { normalizer, pre_tokenizer, post_processor, added_tokens, model } = fields(file)
  const metaspace = fields(pre_tokenizer)
  const { type, vocab, unk_id, byte_fallback } = fields(model)
  expect(fields(normalizer).type === 'NFKC', 'normalizer must be NFKC')
  expect(metaspace.type === 'Metaspace', 'pre_tokenizer must be Metaspace')
  expect(
    metaspace.prepend_scheme === 'always' && metaspace.split === false,
    'pre_tokenizer must always prepend and never split',
  )
  expect(typeof metaspace.replacement === 'string', 'pre_tokenizer.replacement must be a string')
  expect(post_processor === null, 'post_processor must be null')
  expect(Array.isArray(added_tokens) && added_tokens.length === 0, 'added_tokens must be empty')
  expect(type === 'Unigram' && byte_fallback !== true, 'model must be Unigram without byte_fallback')
  expect(isVocabulary(vocab) && vocab.length > 0, 'model.vocab must be a list of [piece, score]')
  expect(typeof unk_id === 'number' && unk_id in vocab, 'model.unk_id must be an index of the vocabulary')
  return { vocab, unknown: unk_id, space: metaspace.replacement }
}

function expect(holds: boolean, what: string): asserts holds {
  if (holds) return
  throw new SwitchyardError(
    'unsupported',
    `The tokenizer file is not a plain NFKC, Metaspace, Unigram tokenizer: ${what}. Use the transformers encoder for this model.`,
  )
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function isVocabulary(value: unknown): value is [string, number][] {
  return (
    Array.isArray(value) &&
    value.every(
      (row) => Array.isArray(row) && typeof row[0] === 'string' && row[0] !== '' && typeof row[1] === 'number',
    )
  )
}

function createLattice(size: number) {
  return { best: new Float64Array(size), start: new Int32Array(size), piece: new Int32Array(size) }
}

interface Trie {
  /** The child of `node` by a UTF-16 code unit, or -1. The root is 0. */
  next(node: number, code: number): number
  /** By node: the index of the string that ends there, or -1. */
  readonly piece: Int32Array
}

/** All edges in one open-addressed hash table: 8,000 pieces take half a megabyte, whatever the alphabet. */
function buildTrie(pieces: readonly string[]): Trie {
  const units = pieces.reduce((sum, piece) => sum + piece.length, 1)
  const mask = 2 ** Math.ceil(Math.log2(units * 2)) - 1
  const keys = new Float64Array(mask + 1).fill(-1)
  const children = new Int32Array(mask + 1)
  const piece = new Int32Array(units).fill(-1)
  let nodes = 1

  function slotOf(node: number, code: number): number {
    const key = node * 0x10000 + code
    let slot = (Math.imul(node, 0x9e3779b1) ^ Math.imul(code, 0x85ebca6b)) >>> 0
    slot = (slot ^ (slot >>> 15)) & mask
    while (keys[slot] !== key && keys[slot] !== -1) slot = (slot + 1) & mask
    return slot
  }

  // A piece that is listed twice keeps its last id.
  for (const [id, text] of pieces.entries()) {
    let node = 0
    for (let at = 0; at < text.length; at++) {
      const slot = slotOf(node, text.charCodeAt(at))
      if (keys[slot] === -1) {
        keys[slot] = node * 0x10000 + text.charCodeAt(at)
        children[slot] = nodes++
      }
      node = children[slot]!
    }
    piece[node] = id
  }

  return {
    piece: piece.slice(0, nodes),
    next(node, code) {
      const slot = slotOf(node, code)
      return keys[slot] === -1 ? -1 : children[slot]!
    },
  }
}
