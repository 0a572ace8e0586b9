/** The canonical form as a chat completions request. */
import type { CanonicalRequest, Message, Part, ToolChoice } from './canonical.ts'
import type { EncodeOptions } from './dialect.ts'
import { maybe, unsupported } from './read.ts'
import { toolId } from './toolId.ts'

/** Stop sequences that OpenAI takes. */
const MAX_STOP = 4

/**
 * The request body for `model`. Reasoning models answer 400 to `max_tokens` and to sampling parameters, so the former is
 * never sent and the latter not to them. Throws `unsupported` for a document behind a URL.
 */
export function encodeOpenai(
  request: CanonicalRequest,
  model: string,
  options: EncodeOptions,
): Record<string, unknown> {
  const reasoning = options.reasoning ? request.reasoning : undefined
  const samples = !options.reasoning || reasoning === 'none'
  const hasTools = request.tools.length > 0
  const limit = Math.min(
    request.maxOutputTokens ?? Number.POSITIVE_INFINITY,
    options.maxOutput ?? Number.POSITIVE_INFINITY,
  )
  return {
    model,
    messages: writeMessages(request),
    ...(request.maxOutputTokens !== undefined && { max_completion_tokens: limit }),
    ...(samples && maybe('temperature', request.temperature)),
    ...(samples && maybe('top_p', request.topP)),
    ...(request.stop.length > 0 && { stop: request.stop.slice(0, MAX_STOP) }),
    ...(hasTools && { tools: request.tools.map(writeTool) }),
    ...(hasTools && maybe('tool_choice', request.toolChoice && writeToolChoice(request.toolChoice))),
    ...(hasTools && maybe('parallel_tool_calls', request.parallelToolCalls)),
    ...maybe('response_format', writeFormat(request.json)),
    ...maybe('reasoning_effort', reasoning),
    ...maybe('user', request.user),
    ...(request.stream && { stream: true }),
    ...(request.stream && request.streamUsage && { stream_options: { include_usage: true } }),
  }
}

function writeMessages(request: CanonicalRequest): object[] {
  const out: object[] = []
  if (request.system.length > 0) out.push({ role: 'system', content: request.system.join('\n\n') })
  // Tool messages carry text alone: images of results follow the last result of the run in a user message.
  let images: Part[] = []
  for (const message of request.messages) {
    if (message.role === 'tool') {
      images.push(...message.content.filter((part) => part.type !== 'text'))
    } else if (images.length > 0) {
      out.push({ role: 'user', content: writeContent(images) })
      images = []
    }
    out.push(writeMessage(message))
  }
  if (images.length > 0) out.push({ role: 'user', content: writeContent(images) })
  return out
}

function writeMessage(message: Message): object {
  if (message.role === 'tool') {
    const text = joinText(message.content)
    return { role: 'tool', tool_call_id: toolId(message.id), content: message.isError ? `Error: ${text}` : text }
  }
  if (message.role !== 'assistant') return { role: message.role, content: writeContent(message.content) }
  const text = joinText(message.content)
  const calls = message.toolCalls.map((call) => ({
    id: toolId(call.id),
    type: 'function',
    function: { name: call.name, arguments: call.arguments },
  }))
  // An assistant turn with neither is refused when its content is null.
  const content = text === '' && (calls.length > 0 || message.refusal !== undefined) ? null : text
  return {
    role: 'assistant',
    content,
    ...maybe('refusal', message.refusal),
    ...(calls.length > 0 && { tool_calls: calls }),
  }
}

function joinText(content: readonly Part[]): string {
  return content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n')
}

/** A single text as a plain string, which every compatible server understands. */
function writeContent(content: readonly Part[]): string | object[] {
  if (content.length === 0) return ''
  if (content.length === 1 && content[0]!.type === 'text') return content[0]!.text
  return content.map(writePart)
}

function writePart(part: Part): object {
  if (part.type === 'text') return part
  const { source } = part
  const url = source.kind === 'url' ? source.url : `data:${source.mediaType};base64,${source.data}`
  if (part.type === 'image') return { type: 'image_url', image_url: { url, ...maybe('detail', part.detail) } }
  if (source.kind === 'url') throw unsupported('messages', 'A document behind a URL')
  return { type: 'file', file: { filename: part.name ?? 'document.pdf', file_data: url } }
}

function writeTool(tool: CanonicalRequest['tools'][number]): object {
  return {
    type: 'function',
    function: {
      name: tool.name,
      ...maybe('description', tool.description),
      parameters: tool.schema,
      ...maybe('strict', tool.strict),
    },
  }
}

function writeToolChoice(choice: ToolChoice): string | object {
  return typeof choice === 'string' ? choice : { type: 'function', function: { name: choice.name } }
}

function writeFormat(json: CanonicalRequest['json']): object | undefined {
  if (json === undefined) return undefined
  if (json.schema === null) return { type: 'json_object' }
  const { name, schema, strict, description } = json
  const spec = { name, schema, ...maybe('strict', strict), ...maybe('description', description) }
  return { type: 'json_schema', json_schema: spec }
}
