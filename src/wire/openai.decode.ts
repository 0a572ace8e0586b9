/** A chat completions request into the canonical form. */
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
import { readMaxTokens } from './openai.ask.ts'
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

const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const satisfies ReasoningEffort[]

/**
 * Throws `unsupported` for what another dialect cannot carry and an answer must not silently lack. What only tunes
 * (`seed`, `logit_bias`, penalties, `prediction`, `verbosity`, `metadata`, `store`, `service_tier`) is left out.
 */
export function decodeOpenai(body: Fields): CanonicalRequest {
  refuse(body)
  const { system, messages } = readMessages(list(body.messages, 'messages'))
  const streamOptions = optionalFields(body.stream_options, 'stream_options')
  const user = optionalText(body.user, 'user') ?? optionalText(body.safety_identifier, 'safety_identifier')
  return {
    system,
    messages,
    tools: optionalList(body.tools, 'tools').map(readTool),
    stop: readStop(body.stop),
    stream: optionalBoolean(body.stream, 'stream') ?? false,
    streamUsage: optionalBoolean(streamOptions?.include_usage, 'stream_options.include_usage') ?? false,
    ...maybe('toolChoice', readToolChoice(body.tool_choice)),
    ...maybe('parallelToolCalls', optionalBoolean(body.parallel_tool_calls, 'parallel_tool_calls')),
    ...maybe('maxOutputTokens', readMaxTokens(body)),
    ...maybe('temperature', optionalNumber(body.temperature, 'temperature')),
    ...maybe('topP', optionalNumber(body.top_p, 'top_p')),
    ...maybe('json', readFormat(optionalFields(body.response_format, 'response_format'))),
    ...maybe('reasoning', readEffort(body.reasoning_effort)),
    ...maybe('user', user),
  }
}

function refuse(body: Fields): void {
  if ((optionalCount(body.n, 'n') ?? 1) > 1) throw unsupported('n', 'More than one choice')
  if (body.logprobs === true) throw unsupported('logprobs', 'Log probabilities')
  if (optionalList(body.modalities, 'modalities').includes('audio')) throw unsupported('modalities', 'Spoken output')
  if (optionalFields(body.web_search_options, 'web_search_options')) {
    throw unsupported('web_search_options', "The vendor's own web search")
  }
  if (optionalList(body.functions, 'functions').length > 0) {
    throw unsupported('functions', 'The deprecated form of `tools`')
  }
}

function readMessages(values: readonly unknown[]): { system: string[]; messages: Message[] } {
  const system: string[] = []
  const messages: Message[] = []
  for (const [i, value] of values.entries()) {
    const path = `messages[${i}]`
    const message = fields(value, path)
    const role = text(message.role, `${path}.role`)
    const content = readContent(message.content, `${path}.content`)
    if (role === 'system' || role === 'developer') {
      if (messages.length > 0) messages.push({ role: 'developer', content })
      else for (const part of content) if (part.type === 'text') system.push(part.text)
    } else if (role === 'user') messages.push({ role, content })
    else if (role === 'assistant') {
      const refusal = optionalText(message.refusal, `${path}.refusal`)
      const toolCalls = optionalList(message.tool_calls, `${path}.tool_calls`).map((call, k) =>
        readToolCall(call, `${path}.tool_calls[${k}]`),
      )
      messages.push({ role, content, toolCalls, ...maybe('refusal', refusal) })
    } else if (role === 'tool') {
      messages.push({ role, id: text(message.tool_call_id, `${path}.tool_call_id`), content, isError: false })
    } else throw unsupported(`${path}.role`, `Role ${JSON.stringify(role)}`)
  }
  return { system, messages }
}

function readContent(value: unknown, path: string): Part[] {
  if (value === undefined || value === null) return []
  if (typeof value === 'string') return value === '' ? [] : [{ type: 'text', text: value }]
  return list(value, path).map((part, k) => readPart(fields(part, `${path}[${k}]`), `${path}[${k}]`))
}

function readPart(part: Fields, path: string): Part {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: text(part.text, `${path}.text`) }
    case 'refusal':
      return { type: 'text', text: text(part.refusal, `${path}.refusal`) }
    case 'image_url': {
      const image = fields(part.image_url, `${path}.image_url`)
      const source = readUrl(text(image.url, `${path}.image_url.url`), `${path}.image_url.url`)
      return { type: 'image', source, ...maybe('detail', optionalText(image.detail, `${path}.image_url.detail`)) }
    }
    case 'file': {
      const file = fields(part.file, `${path}.file`)
      if (typeof file.file_data !== 'string') throw unsupported(`${path}.file.file_id`, 'A file kept by the vendor')
      const name = optionalText(file.filename, `${path}.file.filename`)
      return {
        type: 'document',
        source: readFileData(file.file_data, `${path}.file.file_data`),
        ...maybe('name', name),
      }
    }
    default:
      throw unsupported(`${path}.type`, `Content of type ${JSON.stringify(part.type)}`)
  }
}

function readUrl(url: string, path: string): MediaSource {
  if (/^https?:\/\//i.test(url)) return { kind: 'url', url }
  return readDataUrl(url) ?? fail(path, 'an http(s) URL or a base64 data URL')
}

/** A data URL, or bare base64, which can only be a PDF here. */
function readFileData(data: string, path: string): MediaSource {
  if (!data.startsWith('data:')) return { kind: 'base64', mediaType: 'application/pdf', data }
  return readDataUrl(data) ?? fail(path, 'a base64 data URL')
}

function readDataUrl(url: string): MediaSource | null {
  const comma = url.indexOf(',')
  // The data may be megabytes long: the pattern sees the head alone.
  const head = /^data:([^;,]+)(?:;[^;,]+)*;base64$/i.exec(url.slice(0, Math.max(comma, 0)))
  return head === null ? null : { kind: 'base64', mediaType: head[1]!.toLowerCase(), data: url.slice(comma + 1) }
}

function readToolCall(value: unknown, path: string): ToolCall {
  const call = fields(value, path)
  if (call.type !== undefined && call.type !== 'function') throw unsupported(`${path}.type`, 'A custom tool call')
  const target = fields(call.function, `${path}.function`)
  const json = optionalText(target.arguments, `${path}.function.arguments`) ?? ''
  return {
    id: text(call.id, `${path}.id`),
    name: text(target.name, `${path}.function.name`),
    arguments: json.trim() === '' ? '{}' : checkArguments(json, `${path}.function.arguments`),
  }
}

/** Broken arguments in the history are the client's to repair: every other dialect needs an object. */
function checkArguments(json: string, path: string): string {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    throw wrongType(path, 'valid JSON')
  }
  if (value === null) return '{}'
  fields(value, path)
  return json
}

function readTool(value: unknown, i: number): Tool {
  const tool = fields(value, `tools[${i}]`)
  if (tool.type !== 'function') throw unsupported(`tools[${i}].type`, `A tool of type ${JSON.stringify(tool.type)}`)
  const path = `tools[${i}].function`
  const target = fields(tool.function, path)
  return {
    name: text(target.name, `${path}.name`),
    schema: objectSchema(optionalFields(target.parameters, `${path}.parameters`), `${path}.parameters`),
    ...maybe('description', optionalText(target.description, `${path}.description`)),
    ...maybe('strict', optionalBoolean(target.strict, `${path}.strict`)),
  }
}

/** A tool without parameters, or with a schema that names no type, takes an object. */
function objectSchema(schema: Fields | undefined, path: string): JsonObject {
  if (schema === undefined) return { type: 'object', properties: {} }
  if (schema.type !== undefined && schema.type !== 'object') throw wrongType(`${path}.type`, '"object"')
  // Came out of JSON.parse.
  return { type: 'object', ...(schema as JsonObject) }
}

function readToolChoice(value: unknown): ToolChoice | undefined {
  if (value === undefined || value === null) return undefined
  if (value === 'auto' || value === 'required' || value === 'none') return value
  const choice = fields(value, 'tool_choice')
  if (choice.type !== 'function') throw unsupported('tool_choice', `Tool choice ${JSON.stringify(choice.type)}`)
  return { name: text(fields(choice.function, 'tool_choice.function').name, 'tool_choice.function.name') }
}

function readStop(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return optionalList(value, 'stop').map((stop, i) => text(stop, `stop[${i}]`))
}

function readFormat(format: Fields | undefined): CanonicalRequest['json'] {
  if (format === undefined || format.type === 'text') return undefined
  if (format.type === 'json_object') return { name: 'response', schema: null }
  if (format.type !== 'json_schema') throw wrongType('response_format.type', 'text, json_object or json_schema')
  const path = 'response_format.json_schema'
  const spec = fields(format.json_schema, path)
  return {
    name: text(spec.name, `${path}.name`),
    schema: (optionalFields(spec.schema, `${path}.schema`) as JsonObject | undefined) ?? null,
    ...maybe('strict', optionalBoolean(spec.strict, `${path}.strict`)),
    ...maybe('description', optionalText(spec.description, `${path}.description`)),
  }
}

function readEffort(value: unknown): ReasoningEffort | undefined {
  const effort = optionalText(value, 'reasoning_effort')
  if (effort === undefined) return undefined
  return EFFORTS.find((known) => known === effort) ?? fail('reasoning_effort', `one of ${EFFORTS.join(', ')}`)
}

function fail(path: string, expected: string): never {
  throw wrongType(path, expected)
}
