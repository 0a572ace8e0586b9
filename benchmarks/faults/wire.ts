/** What a healthy upstream says, in both wire formats: the canonical answer whole, and as stream events. */
import type { Wire } from '../../src/spec.ts'

export const WORDS = Array.from({ length: 20 }, (_, i) => `${i === 0 ? '' : ' '}word${i + 1}`)
export const ANSWER = WORDS.join('')
export const USAGE = { input: 12, output: 20 } as const

/** The events of a complete stream, each with its blank line. The first and second carry no text. */
export function eventsOf(wire: Wire, model: string, words: readonly string[] = WORDS): string[] {
  return wire === 'openai' ? openaiEvents(model, words) : anthropicEvents(model, words)
}

export function replyOf(wire: Wire, model: string, answer: string = ANSWER): object {
  if (wire === 'anthropic')
    return {
      ...message(model),
      content: [{ type: 'text', text: answer }],
      stop_reason: 'end_turn',
      usage: { input_tokens: USAGE.input, output_tokens: USAGE.output },
    }
  return {
    ...completion(model, 'chat.completion'),
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: answer, refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: openaiUsage,
  }
}

export function errorOf(wire: Wire, type: string, code: string | null, message: string): object {
  return wire === 'openai'
    ? { error: { message, type, param: null, code } }
    : { type: 'error', error: { type: code ?? type, message }, request_id: 'req_fault' }
}

/** An error as a stream event, with the vendor's word for a crash or with `code`. */
export function errorEvent(wire: Wire, code?: string): string {
  if (code !== undefined) {
    const error = errorOf(wire, 'server_error', code, 'What the code says.')
    return wire === 'openai' ? data(error) : named('error', error)
  }
  return wire === 'openai'
    ? data(errorOf(wire, 'server_error', 'server_error', 'The model crashed.'))
    : named('error', errorOf(wire, 'overloaded_error', null, 'Overloaded'))
}

const openaiUsage = {
  prompt_tokens: USAGE.input,
  completion_tokens: USAGE.output,
  total_tokens: USAGE.input + USAGE.output,
}
const completion = (model: string, object: string) => ({ id: 'chatcmpl-fault', object, created: 1_700_000_000, model })
const message = (model: string) => ({
  id: 'msg_fault',
  type: 'message',
  role: 'assistant',
  model,
  stop_reason: null as string | null,
  stop_sequence: null,
})
const data = (value: object) => `data: ${JSON.stringify(value)}\n\n`
const named = (name: string, value: object) => `event: ${name}\n${data(value)}`

function openaiEvents(model: string, words: readonly string[]): string[] {
  const chunk = (delta: object, finish: string | null = null) =>
    data({
      ...completion(model, 'chat.completion.chunk'),
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
      usage: null,
    })
  return [
    ': connected\n\n',
    chunk({ role: 'assistant', content: '', refusal: null }),
    ...words.map((content) => chunk({ content })),
    chunk({}, 'stop'),
    data({ ...completion(model, 'chat.completion.chunk'), choices: [], usage: openaiUsage }),
    'data: [DONE]\n\n',
  ]
}

function anthropicEvents(model: string, words: readonly string[]): string[] {
  const start = { ...message(model), content: [], usage: { input_tokens: USAGE.input, output_tokens: 1 } }
  return [
    named('message_start', { type: 'message_start', message: start }),
    named('content_block_start', {
      type: 'content_block_start',
      index: 0,
      content_block: { type: 'text', text: '' },
    }),
    ...words.map((text) =>
      named('content_block_delta', {
        type: 'content_block_delta',
        index: 0,
        delta: { type: 'text_delta', text },
      }),
    ),
    named('content_block_stop', { type: 'content_block_stop', index: 0 }),
    named('message_delta', {
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { input_tokens: USAGE.input, output_tokens: USAGE.output },
    }),
    named('message_stop', { type: 'message_stop' }),
  ]
}
