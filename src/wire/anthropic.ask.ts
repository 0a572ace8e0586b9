/** What routing needs of a messages request. Runs on every request: one pass, no copies but the joined text. */
import type { Ask, Capability, Turn } from '../spec.ts'
import {
  type Fields,
  isFields,
  list,
  optionalBoolean,
  optionalCount,
  optionalFields,
  optionalList,
  optionalText,
  text,
  wrongType,
} from './read.ts'

/** Reads what routing needs. Throws `invalid_request` naming the field. */
export function askAnthropic(body: Fields): Ask {
  const maxOutputTokens = optionalCount(body.max_tokens, 'max_tokens')
  if (maxOutputTokens === undefined) throw wrongType('max_tokens', 'given: a whole number, 0 or more')
  return { ...anthropicAskForCount(body), maxOutputTokens }
}

/** The same for `POST /v1/messages/count_tokens`, which has no `max_tokens`. */
export function anthropicAskForCount(body: Fields): Ask {
  const messages = list(body.messages, 'messages')
  if (messages.length === 0) throw wrongType('messages', 'an array of at least one message')
  const reading: Reading = { turns: [], requires: new Set(), images: 0 }
  if (body.system !== undefined && body.system !== null) readTurn('system', body.system, 'system', reading)
  for (let i = 0; i < messages.length; i++) {
    const message = messages[i]
    if (!isFields(message)) throw wrongType(`messages[${i}]`, 'an object')
    const role = message.role
    if (typeof role !== 'string') throw wrongType(`messages[${i}].role`, 'a string')
    // A role that is not known is the upstream's to judge; routing reads it as the user's.
    const turn = role === 'assistant' || role === 'system' ? role : 'user'
    readTurn(turn, message.content, `messages[${i}].content`, reading)
  }
  const { turns, requires, images } = reading
  if (images > 0) requires.add('vision')
  const tools = optionalList(body.tools, 'tools').length
  if (tools > 0) requires.add('tools')
  const thinking = optionalFields(body.thinking, 'thinking')
  if (thinking && optionalText(thinking.type, 'thinking.type') !== 'disabled') requires.add('reasoning')
  const format = optionalFields(optionalFields(body.output_config, 'output_config')?.format, 'output_config.format')
  if (format) requires.add('json_schema')
  return {
    wire: 'anthropic',
    asked: text(body.model, 'model'),
    stream: optionalBoolean(body.stream, 'stream') ?? false,
    turns,
    requires,
    tools,
    images,
    ...(format && { json: { schema: format.schema } }),
  }
}

interface Reading {
  readonly turns: Turn[]
  readonly requires: Set<Capability>
  images: number
}

/** Adds the turn's text; tool results among its blocks become turns of their own, before it. */
function readTurn(role: Turn['role'], content: unknown, path: string, reading: Reading): void {
  if (typeof content === 'string') {
    reading.turns.push({ role, text: content })
    return
  }
  if (!Array.isArray(content)) throw wrongType(path, 'a string or an array')
  const before = reading.turns.length
  const texts: string[] = []
  for (let k = 0; k < content.length; k++) readBlock(content[k], texts, path, k, reading)
  if (texts.length > 0 || reading.turns.length === before) reading.turns.push({ role, text: texts.join('\n') })
}

function readBlock(block: unknown, texts: string[], path: string, k: number, reading: Reading): void {
  if (!isFields(block)) throw wrongType(`${path}[${k}]`, 'an object')
  switch (block.type) {
    case 'text':
      texts.push(text(block.text, `${path}[${k}].text`))
      return
    case 'image':
      reading.images++
      return
    case 'document': {
      const source = block.source
      if (isFields(source) && source.type === 'text') texts.push(text(source.data, `${path}[${k}].source.data`))
      else reading.requires.add('documents')
      return
    }
    case 'tool_result':
      if (block.content === undefined || block.content === null) reading.turns.push({ role: 'tool', text: '' })
      else readTurn('tool', block.content, `${path}[${k}].content`, reading)
      return
    default:
      return
  }
}
