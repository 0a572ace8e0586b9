/**
 * The content blocks of a streamed message: never two open at once. Blocks stand in the order in which they began; what
 * belongs to a later one waits until the one before it is done.
 */
import { isFields } from './read.ts'
import { formatEvent } from './sse.ts'

interface Block {
  readonly start: object
  /** Deltas that came before the block's turn. */
  readonly waiting: object[]
  /** A tool's arguments so far; `null` for text. */
  json: string | null
}

/** Writes blocks one after the other. Every method returns the frames that are due now. */
export function blockWriter() {
  /** The first is open, the others wait. */
  const blocks: Block[] = []
  const tools = new Map<number, Block>()
  let index = 0
  let chars = 0

  const writeDelta = (delta: object) => frame('content_block_delta', { index, delta })
  const openFirst = () => {
    const [block] = blocks
    if (block === undefined) return ''
    return frame('content_block_start', { index, content_block: block.start }) + block.waiting.map(writeDelta).join('')
  }
  const closeFirst = () => {
    const stop = frame('content_block_stop', { index })
    blocks.shift()
    index += 1
    return stop + openFirst()
  }
  const begin = (block: Block) => {
    blocks.push(block)
    if (blocks.length === 1) return openFirst()
    // Arguments that parse cannot go on. If they do not, calls are interleaved: this one waits for the end.
    const { json } = blocks[0]!
    return blocks.length === 2 && (json === null || isComplete(json)) ? closeFirst() : ''
  }
  const add = (block: Block, delta: object) => {
    if (block === blocks[0]) return writeDelta(delta)
    block.waiting.push(delta)
    return ''
  }

  return {
    /** Characters written, of text and arguments. */
    get chars() {
      return chars
    },
    text(text: string): string {
      if (text === '') return ''
      chars += text.length
      const last = blocks.at(-1)
      const delta = { type: 'text_delta', text }
      if (last?.json === null) return add(last, delta)
      const block: Block = { start: { type: 'text', text: '' }, waiting: [], json: null }
      return begin(block) + add(block, delta)
    },
    tool(tool: number, id: string, name: string): string {
      if (tools.has(tool)) return ''
      const start = { type: 'tool_use', id, name, input: {}, caller: { type: 'direct' } }
      const block: Block = { start, waiting: [], json: '' }
      tools.set(tool, block)
      return begin(block)
    },
    arguments(tool: number, json: string): string {
      const block = tools.get(tool)
      if (block === undefined || json === '') return ''
      chars += json.length
      block.json += json
      return add(block, { type: 'input_json_delta', partial_json: json })
    },
    /** Closes what is open and writes what waits. */
    end(): string {
      let frames = ''
      while (blocks.length > 0) frames += closeFirst()
      return frames
    },
  }
}

/** One event; its name is its type, without which clients drop it. */
export function frame(type: string, fields: object = {}): string {
  return formatEvent({ type, ...fields }, type)
}

function isComplete(json: string): boolean {
  try {
    return isFields(JSON.parse(json))
  } catch {
    return false
  }
}
