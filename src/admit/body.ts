/** Reads a request's body, counting what really arrives. */
import { SwitchyardError } from '../errors.ts'

/**
 * The whole body, at most `maxBytes`. Throws `body_too_large` as soon as more has arrived or been announced, and
 * `invalid_request` when the client breaks off.
 */
export async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  const announced = Number(request.headers.get('content-length') ?? Number.NaN)
  if (announced > maxBytes) throw tooLarge(maxBytes)
  if (request.body === null) return new Uint8Array(0)
  const reader = request.body.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw new SwitchyardError('invalid_request', 'The request broke off before its body was complete.', { cause })
    })
    if (done) break
    length += value.length
    if (length > maxBytes) {
      // Not awaited: a client that keeps sending must not keep us waiting.
      reader.cancel().catch(() => undefined)
      throw tooLarge(maxBytes)
    }
    chunks.push(value)
  }
  if (chunks.length === 1) return chunks[0]!
  const body = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    body.set(chunk, offset)
    offset += chunk.length
  }
  return body
}

function tooLarge(maxBytes: number): SwitchyardError {
  return new SwitchyardError('body_too_large', `The request body is larger than ${maxBytes} bytes (maxBodyBytes).`)
}
