/** The canonical form as a messages request. */
import { SwitchyardError } from '../errors.ts'
import type { CanonicalRequest, Message, Part, ReasoningEffort } from './canonical.ts'
import type { EncodeOptions } from './dialect.ts'
import { maybe } from './read.ts'
import { toolId } from './toolId.ts'

/** The API version that a translated request is written for. */
export const DEFAULT_VERSION = '2023-06-01'
/** From this version on sampling parameters are refused and `system` is a role inside `messages`. */
const WITHOUT_SAMPLING = '2026-10-21'
/** `max_tokens` is required; used when neither the client nor the candidate names a limit. */
const DEFAULT_MAX_TOKENS = 4096
/** Asked for any JSON object without a schema, there is nothing but words. */
const JSON_INSTRUCTION = 'Answer with one JSON object and nothing else: no prose around it, no code fence.'

type Block = Readonly<Record<string, unknown>> & { readonly type: string }

/**
 * The request body for `model`. A conversation that begins with an assistant turn is sent as it is: the vendor judges it.
 * Throws `invalid_request` when no turn has any content.
 */
export function encodeAnthropic(
  request: CanonicalRequest,
  model: string,
  options: EncodeOptions,
): Record<string, unknown> {
  const inPlace = (options.version ?? DEFAULT_VERSION) >= WITHOUT_SAMPLING
  const { system, messages } = writeMessages(request, inPlace)
  const thinking = options.reasoning ? writeThinking(request) : undefined
  const samples = !inPlace && thinking?.type !== 'adaptive'
  const stop = request.stop.filter((sequence) => sequence.trim() !== '')
  return {
    model,
    max_tokens: Math.min(
      request.maxOutputTokens ?? options.maxOutput ?? DEFAULT_MAX_TOKENS,
      options.maxOutput ?? Number.POSITIVE_INFINITY,
    ),
    ...(system.length > 0 && { system }),
    messages,
    ...(samples && maybe('temperature', clamp(request.temperature))),
    ...(samples && maybe('top_p', clamp(request.topP))),
    ...(stop.length > 0 && { stop_sequences: stop }),
    ...(request.tools.length > 0 && { tools: request.tools.map(writeTool) }),
    ...(request.tools.length > 0 && maybe('tool_choice', writeToolChoice(request))),
    ...maybe('output_config', writeConfig(request, options)),
    ...maybe('thinking', thinking),
    ...maybe('metadata', request.user === undefined ? undefined : { user_id: request.user }),
    ...(request.stream && { stream: true }),
  }
}

/** Instructions inside the conversation move to the top where the version has no role for them, as the vendor's own OpenAI layer does. */
function writeMessages(request: CanonicalRequest, inPlace: boolean): { system: Block[]; messages: object[] } {
  const system = request.system.filter((text) => text !== '').map(writeText)
  const messages: { role: string; content: Block[] }[] = []
  const last = request.messages.at(-1)
  for (const message of request.messages) {
    const content = writeContent(message, message === last)
    if (content.length === 0) continue
    if (message.role === 'developer' && !(inPlace && messages.length > 0)) {
      system.push(...content)
      continue
    }
    const role = message.role === 'tool' ? 'user' : message.role === 'developer' ? 'system' : message.role
    const previous = messages.at(-1)
    // Results of one round must stand in one message, before any text of the user.
    if (previous?.role !== role) messages.push({ role, content })
    else if (message.role === 'tool') insertResults(previous.content, content)
    else previous.content.push(...content)
  }
  if (request.json?.schema === null) system.push(writeText(JSON_INSTRUCTION))
  if (messages.length > 0) return { system, messages }
  if (request.system.every((text) => text === '')) {
    throw new SwitchyardError('invalid_request', 'No message has any content.', { param: 'messages' })
  }
  // Instructions alone are a legal OpenAI request; here someone must speak.
  return { system: [], messages: [{ role: 'user', content: system }] }
}

function insertResults(content: Block[], results: readonly Block[]): void {
  const end = content.findLastIndex((block) => block.type === 'tool_result') + 1
  content.splice(end, 0, ...results)
}

/** Empty texts are refused, and so is a final assistant turn that ends in white space. */
function writeContent(message: Message, isLast: boolean): Block[] {
  if (message.role === 'tool') {
    const content = message.content.flatMap(writePart)
    return [
      {
        type: 'tool_result',
        tool_use_id: toolId(message.id),
        ...(content.length > 0 && { content }),
        ...(message.isError && { is_error: true }),
      },
    ]
  }
  if (message.role !== 'assistant') return message.content.flatMap(writePart)
  const said = message.content.length === 0 && message.refusal ? [textPart(message.refusal)] : message.content
  const parts = isLast && message.toolCalls.length === 0 ? trimLast(said) : said
  return [...parts.flatMap(writePart), ...message.toolCalls.map(writeToolUse)]
}

function trimLast(parts: readonly Part[]): readonly Part[] {
  const last = parts.at(-1)
  return last?.type === 'text' ? [...parts.slice(0, -1), textPart(last.text.trimEnd())] : parts
}

function writeToolUse(call: { id: string; name: string; arguments: string }): Block {
  return { type: 'tool_use', id: toolId(call.id), name: call.name, input: JSON.parse(call.arguments) }
}

function writePart(part: Part): Block[] {
  if (part.type === 'text') return part.text.trim() === '' ? [] : [writeText(part.text)]
  const { source } = part
  const title = part.type === 'document' ? part.name : undefined
  const written =
    source.kind === 'url'
      ? { type: 'url', url: source.url }
      : {
          type: 'base64',
          media_type: source.mediaType === 'image/jpg' ? 'image/jpeg' : source.mediaType,
          data: source.data,
        }
  return [{ type: part.type, source: written, ...maybe('title', title) }]
}

function textPart(text: string): Part {
  return { type: 'text', text }
}

function writeText(text: string): Block {
  return { type: 'text', text }
}

function clamp(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.min(1, Math.max(0, value))
}

function writeTool(tool: CanonicalRequest['tools'][number]): object {
  return {
    name: tool.name,
    ...maybe('description', tool.description),
    input_schema: tool.schema,
    ...maybe('strict', tool.strict),
  }
}

/** Parallel calls are switched off inside the choice, so a choice is made where there is none. */
function writeToolChoice({ toolChoice, parallelToolCalls }: CanonicalRequest): object | undefined {
  if (toolChoice === 'none') return { type: 'none' }
  const single = parallelToolCalls === false
  if (toolChoice === undefined && !single) return undefined
  const extra = single ? { disable_parallel_tool_use: true } : {}
  if (toolChoice === undefined || toolChoice === 'auto') return { type: 'auto', ...extra }
  if (toolChoice === 'required') return { type: 'any', ...extra }
  return { type: 'tool', name: toolChoice.name, ...extra }
}

function writeConfig(request: CanonicalRequest, options: EncodeOptions): object | undefined {
  const effort = options.reasoning ? writeEffort(request.reasoning) : undefined
  const schema = request.json?.schema
  if (effort === undefined && !schema) return undefined
  return { ...maybe('effort', effort), ...(schema && { format: { type: 'json_schema', schema } }) }
}

function writeEffort(effort: ReasoningEffort | undefined): string | undefined {
  if (effort === undefined || effort === 'none') return undefined
  return effort === 'minimal' ? 'low' : effort
}

/**
 * Thinking is left off where the vendor would refuse it: with a forced tool, and in the middle of a round of tools whose
 * signed thinking did not survive the other dialect.
 */
function writeThinking(request: CanonicalRequest): { type: 'adaptive' | 'disabled' } | undefined {
  if (request.reasoning === undefined) return undefined
  if (request.reasoning === 'none') return { type: 'disabled' }
  if (request.toolChoice === 'required' || typeof request.toolChoice === 'object') return undefined
  const answered = request.messages.findLast((message) => message.role === 'assistant')
  if (answered?.role === 'assistant' && answered.toolCalls.length > 0) return undefined
  return { type: 'adaptive' }
}
