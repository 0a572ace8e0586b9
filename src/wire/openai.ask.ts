/** What routing needs of a chat completions request. Runs on every request: one pass, no copies but the joined text. */
import type { Ask, Capability, Turn } from '../spec.ts'
import {
  type Fields,
  fields,
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

/** A role that is not known is the upstream's to judge; routing reads it as the user's. */
const ROLES: ReadonlyMap<string, Turn['role']> = new Map([
  ['system', 'system'],
  ['developer', 'system'],
  ['assistant', 'assistant'],
  ['tool', 'tool'],
  ['function', 'tool'],
])

/** Reads what routing needs. Throws `invalid_request` naming the field. */
export function askOpenai(body: Fields): Ask {
  const requires = new Set<Capability>()
  const turns: Turn[] = []
  let images = 0
  const messages = list(body.messages, 'messages')
  if (messages.length === 0) throw wrongType('messages', 'an array of at least one message')
  for (let i = 0; i < messages.length; i++) {
    const message = messages[i]
    if (!isFields(message)) throw wrongType(`messages[${i}]`, 'an object')
    if (typeof message.role !== 'string') throw wrongType(`messages[${i}].role`, 'a string')
    const role = ROLES.get(message.role) ?? 'user'
    const content = message.content
    if (typeof content === 'string') turns.push({ role, text: content })
    else if (content === undefined || content === null) turns.push({ role, text: '' })
    else if (Array.isArray(content)) {
      const texts: string[] = []
      for (let k = 0; k < content.length; k++) images += readPart(content[k], texts, requires, i, k)
      turns.push({ role, text: texts.join('\n') })
    } else throw wrongType(`messages[${i}].content`, 'a string or an array')
  }
  if (images > 0) requires.add('vision')
  const tools = optionalList(body.tools, 'tools').length + optionalList(body.functions, 'functions').length
  if (tools > 0) requires.add('tools')
  if (optionalList(body.modalities, 'modalities').includes('audio')) requires.add('audio')
  const format = optionalFields(body.response_format, 'response_format')
  if (format?.type === 'json_schema') requires.add('json_schema')
  if (optionalBoolean(body.logprobs, 'logprobs') === true) requires.add('logprobs')
  if ((optionalCount(body.n, 'n') ?? 1) > 1) requires.add('n')
  const effort = optionalText(body.reasoning_effort, 'reasoning_effort')
  if (effort !== undefined && effort !== 'none') requires.add('reasoning')
  const maxOutputTokens = readMaxTokens(body)
  const json = format && readFormat(format)
  return {
    wire: 'openai',
    asked: text(body.model, 'model'),
    stream: optionalBoolean(body.stream, 'stream') ?? false,
    turns,
    requires,
    tools,
    images,
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(json && { json }),
  }
}

function readFormat({ type, json_schema: named }: Fields): Ask['json'] {
  if (type === 'json_object') return {}
  return type === 'json_schema' && isFields(named) ? { schema: named.schema } : undefined
}

/** `max_completion_tokens`, or the older `max_tokens`. */
export function readMaxTokens(body: Fields): number | undefined {
  const older = optionalCount(body.max_tokens, 'max_tokens')
  return optionalCount(body.max_completion_tokens, 'max_completion_tokens') ?? older
}

/** Adds the part's text or requirement; returns how many images it holds. */
function readPart(value: unknown, texts: string[], requires: Set<Capability>, i: number, k: number): number {
  const part = isFields(value) ? value : fields(value, `messages[${i}].content[${k}]`)
  switch (part.type) {
    case 'text':
      texts.push(text(part.text, `messages[${i}].content[${k}].text`))
      return 0
    case 'refusal':
      texts.push(text(part.refusal, `messages[${i}].content[${k}].refusal`))
      return 0
    case 'image_url':
      return 1
    case 'input_audio':
      requires.add('audio')
      return 0
    case 'file':
      requires.add('documents')
      return 0
    default:
      return 0
  }
}
