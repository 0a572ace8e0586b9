/** OpenAI's chat completions. */
import type { Dialect } from './dialect.ts'
import { readFailure } from './failure.ts'
import { askOpenai } from './openai.ask.ts'
import { decodeOpenai } from './openai.decode.ts'
import { encodeOpenai } from './openai.encode.ts'
import { renderOpenaiError, renderOpenaiStreamError } from './openai.error.ts'
import { decodeOpenaiReply, encodeOpenaiReply, readOpenaiReply } from './openai.reply.ts'
import { openaiStreamReader, openaiStreamWriter } from './openai.stream.ts'

export const openai: Dialect = {
  name: 'openai',
  path: '/chat/completions',
  ask: askOpenai,
  decodeRequest: decodeOpenai,
  encodeRequest: encodeOpenai,
  readReply: readOpenaiReply,
  decodeReply: decodeOpenaiReply,
  encodeReply: encodeOpenaiReply,
  streamReader: openaiStreamReader,
  streamWriter: openaiStreamWriter,
  readFailure,
  renderError: renderOpenaiError,
  renderStreamError: renderOpenaiStreamError,
}
