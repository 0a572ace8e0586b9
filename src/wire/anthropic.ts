/** Anthropic's messages. */
import { askAnthropic } from './anthropic.ask.ts'
import { decodeAnthropic } from './anthropic.decode.ts'
import { encodeAnthropic } from './anthropic.encode.ts'
import { renderAnthropicError, renderAnthropicStreamError } from './anthropic.error.ts'
import { decodeAnthropicReply, encodeAnthropicReply, readAnthropicReply } from './anthropic.reply.ts'
import { anthropicStreamReader, anthropicStreamWriter } from './anthropic.stream.ts'
import type { Dialect } from './dialect.ts'
import { readFailure } from './failure.ts'

export const anthropic: Dialect = {
  name: 'anthropic',
  path: '/messages',
  ask: askAnthropic,
  decodeRequest: decodeAnthropic,
  encodeRequest: encodeAnthropic,
  readReply: readAnthropicReply,
  decodeReply: decodeAnthropicReply,
  encodeReply: encodeAnthropicReply,
  streamReader: anthropicStreamReader,
  streamWriter: anthropicStreamWriter,
  readFailure,
  renderError: renderAnthropicError,
  renderStreamError: renderAnthropicStreamError,
}
