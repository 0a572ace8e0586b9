/** A messages request into the canonical form. */
import type { JsonObject } from '../spec.ts'
import type {
  CanonicalRequest,
  MediaSource,
  Message,
  Part,
  ReasoningEffort,
  Tool,
  ToolCall,
  ToolChoice,
} from './canonical.ts'
import {
  type Fields,
  fields,
  list,
  maybe,
  optionalBoolean,
  optionalCount,
  optionalFields,
  optionalList,
  optionalNumber,
  optionalText,
  text,
  unsupported,
  wrongType,
} from './read.ts'

const EFFORTS = ['low', 'medium', 'high', 'xhigh', 'max'] as const satisfies ReasoningEffort[]

/**
 * Throws `unsupported` for what another dialect cannot carry and an answer must not silently lack. Reasoning in the
 * history, `cache_control`, `top_k` and what only tunes the vendor's service are left out.
 */
export function decodeAnthropic(body: Fields): CanonicalRequest {
  refuse(body)
  const maxOutputTokens = optionalCount(body.max_tokens, 'max_tokens')
  if (maxOutputTokens === 0) throw unsupported('max_tokens', 'Filling the prompt cache without an answer')
  const choice = optionalFields(body.tool_choice, 'tool_choice')
  const disabled = optionalBoolean(choice?.disable_parallel_tool_use, 'tool_choice.disable_parallel_tool_use')
  const config = optionalFields(body.output_config, 'output_config')
  const metadata = optionalFields(body.metadata, 'metadata')
  return {
    system: readSystem(body.system),
    messages: list(body.messages, 'messages').flatMap(readMessage),
    tools: optionalList(body.tools, 'tools').map(readTool),
    stop: optionalList(body.stop_sequences, 'stop_sequences').map((stop, i) => text(stop, `stop_sequences[${i}]`)),
    stream: optionalBoolean(body.stream, 'stream') ?? false,
    streamUsage: true,
    ...maybe('toolChoice', choice && readToolChoice(choice)),
    ...maybe('parallelToolCalls', disabled === undefined ? undefined : !disabled),
    ...maybe('maxOutputTokens', maxOutputTokens),
    ...maybe('temperature', optionalNumber(body.temperature, 'temperature')),
    ...maybe('topP', optionalNumber(body.top_p, 'top_p')),
    ...maybe('json', readFormat(optionalFields(config?.format, 'output_config.format'))),
    ...maybe('reasoning', readReasoning(optionalFields(body.thinking, 'thinking'), config)),
    ...maybe('user', optionalText(metadata?.user_id, 'metadata.user_id')),
  }
}

function refuse(body: Fields): void {
  if (optionalFields(body.thread, 'thread')) throw unsupported('thread', 'A conversation kept by the vendor')
  if (optionalList(body.mcp_servers, 'mcp_servers').length > 0) throw unsupported('mcp_servers', 'A remote tool server')
  if (body.container !== undefined && body.container !== null) throw unsupported('container', 'A container')
}

function readSystem(value: unknown): string[] {
  if (value === undefined || value === null) return []
  return readParts(value, 'system').flatMap((part) => (part.type === 'text' ? [part.text] : []))
}

function readMessage(value: unknown, i: number): Message[] {
  const path = `messages[${i}]`
  const message = fields(value, path)
  const role = text(message.role, `${path}.role`)
  if (role === 'user') return readUser(message.content, `${path}.content`)
  if (role === 'assistant') return [readAssistant(message.content, `${path}.content`)]
  if (role === 'system') return [{ role: 'developer', content: readParts(message.content, `${path}.content`) }]
  throw wrongType(`${path}.role`, 'user, assistant or system')
}

/** Results first, whatever their place among the blocks: elsewhere they must follow their calls at once. */
function readUser(value: unknown, path: string): Message[] {
  if (typeof value === 'string') return [{ role: 'user', content: readParts(value, path) }]
  const results: Message[] = []
  const content: Part[] = []
  for (const [k, item] of list(value, path).entries()) {
    const block = fields(item, `${path}[${k}]`)
    if (block.type === 'tool_result') results.push(readToolResult(block, `${path}[${k}]`))
    else content.push(...readPart(block, `${path}[${k}]`))
  }
  return content.length > 0 || results.length === 0 ? [...results, { role: 'user', content }] : results
}

function readToolResult(block: Fields, path: string): Message {
  return {
    role: 'tool',
    id: text(block.tool_use_id, `${path}.tool_use_id`),
    content: block.content === undefined || block.content === null ? [] : readParts(block.content, `${path}.content`),
    isError: optionalBoolean(block.is_error, `${path}.is_error`) ?? false,
  }
}

function readAssistant(value: unknown, path: string): Message {
  if (typeof value === 'string') return { role: 'assistant', content: readParts(value, path), toolCalls: [] }
  const content: Part[] = []
  const toolCalls: ToolCall[] = []
  for (const [k, item] of list(value, path).entries()) {
    const block = fields(item, `${path}[${k}]`)
    if (block.type === 'thinking' || block.type === 'redacted_thinking') continue
    if (block.type === 'tool_use') {
      toolCalls.push({
        id: text(block.id, `${path}[${k}].id`),
        name: text(block.name, `${path}[${k}].name`),
        arguments: JSON.stringify(optionalFields(block.input, `${path}[${k}].input`) ?? {}),
      })
    } else content.push(...readPart(block, `${path}[${k}]`))
  }
  return { role: 'assistant', content, toolCalls }
}

function readParts(value: unknown, path: string): Part[] {
  if (typeof value === 'string') return value === '' ? [] : [{ type: 'text', text: value }]
  return list(value, path).flatMap((item, k) => readPart(fields(item, `${path}[${k}]`), `${path}[${k}]`))
}

/** One block as parts: none for empty text, several for what holds text blocks of its own. */
function readPart(block: Fields, path: string): Part[] {
  switch (block.type) {
    case 'text': {
      const value = text(block.text, `${path}.text`)
      return value === '' ? [] : [{ type: 'text', text: value }]
    }
    case 'image':
      return [{ type: 'image', source: readSource(fields(block.source, `${path}.source`), `${path}.source`) }]
    case 'document': {
      const source = fields(block.source, `${path}.source`)
      if (source.type === 'text') return [{ type: 'text', text: text(source.data, `${path}.source.data`) }]
      if (source.type === 'content') return readParts(source.content, `${path}.source.content`)
      const name = optionalText(block.title, `${path}.title`)
      return [{ type: 'document', source: readSource(source, `${path}.source`), ...maybe('name', name) }]
    }
    case 'search_result':
      return readParts(block.content, `${path}.content`)
    default:
      throw unsupported(`${path}.type`, `Content of type ${JSON.stringify(block.type)}`)
  }
}

function readSource(source: Fields, path: string): MediaSource {
  if (source.type === 'url') return { kind: 'url', url: text(source.url, `${path}.url`) }
  if (source.type !== 'base64') throw unsupported(`${path}.type`, 'A file kept by the vendor')
  return {
    kind: 'base64',
    mediaType: text(source.media_type, `${path}.media_type`),
    data: text(source.data, `${path}.data`),
  }
}

function readTool(value: unknown, i: number): Tool {
  const path = `tools[${i}]`
  const tool = fields(value, path)
  const type = optionalText(tool.type, `${path}.type`) ?? 'custom'
  if (type !== 'custom') throw unsupported(`${path}.type`, `A tool of type ${JSON.stringify(type)}`)
  const schema = fields(tool.input_schema, `${path}.input_schema`)
  return {
    name: text(tool.name, `${path}.name`),
    // Came out of JSON.parse.
    schema: { type: 'object', ...(schema as JsonObject) },
    ...maybe('description', optionalText(tool.description, `${path}.description`)),
    ...maybe('strict', optionalBoolean(tool.strict, `${path}.strict`)),
  }
}

function readToolChoice(choice: Fields): ToolChoice {
  switch (choice.type) {
    case 'auto':
    case 'none':
      return choice.type
    case 'any':
      return 'required'
    case 'tool':
      return { name: text(choice.name, 'tool_choice.name') }
    default:
      throw wrongType('tool_choice.type', 'auto, any, tool or none')
  }
}

function readFormat(format: Fields | undefined): CanonicalRequest['json'] {
  if (format === undefined) return undefined
  if (format.type !== 'json_schema') throw wrongType('output_config.format.type', '"json_schema"')
  return { name: 'response', schema: fields(format.schema, 'output_config.format.schema') as JsonObject }
}

/** An effort said outright counts most; a budget in tokens becomes the nearest effort; thinking alone means the vendor's default. */
function readReasoning(thinking: Fields | undefined, config: Fields | undefined): ReasoningEffort | undefined {
  if (thinking?.type === 'disabled') return 'none'
  const said = optionalText(config?.effort, 'output_config.effort')
  if (said !== undefined) {
    const effort = EFFORTS.find((known) => known === said)
    if (effort === undefined) throw wrongType('output_config.effort', `one of ${EFFORTS.join(', ')}`)
    return effort
  }
  if (thinking === undefined) return undefined
  const budget = optionalCount(thinking.budget_tokens, 'thinking.budget_tokens')
  if (budget === undefined) return 'high'
  if (budget <= 4096) return 'low'
  return budget <= 16_384 ? 'medium' : 'high'
}
