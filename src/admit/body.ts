/** Reads a request's body within a bound. */
import { concat } from '../bytes.ts'
import { SwitchyardError } from '../errors.ts'

/**
 * The whole body, at most `maxBytes`, a bound that messages call `limit`. Throws `body_too_large` as soon as more is announced or has arrived, and
 * `invalid_request` when the client breaks off.
 *
 * A body with a proper content-length is read in one go, which a server does several times faster than piecewise: HTTP's
 * framing ends it there, and its length is checked all the same. Any other is counted as it arrives.
 */
export async function readBytes(
  request: Request,
  maxBytes: number,
  { limit = 'maxBodyBytes' }: { readonly limit?: string } = {},
): Promise<Uint8Array> {
  const tooLarge = () =>
    new SwitchyardError('body_too_large', `The request body is larger than ${maxBytes} bytes (${limit}).`)
  const announced = request.headers.get('content-length')
  if (Number(announced) > maxBytes) throw tooLarge()
  const framed = announced !== null && /^\d+$/.test(announced) && !request.headers.has('transfer-encoding')
  const body = await (framed ? readAtOnce(request) : readCounted(request, { maxBytes, tooLarge }))
  if (body.length > maxBytes) throw tooLarge()
  return body
}

async function readAtOnce(request: Request): Promise<Uint8Array> {
  return new Uint8Array(await request.arrayBuffer().catch(brokeOff))
}

async function readCounted(
  request: Request,
  { maxBytes, tooLarge }: { readonly maxBytes: number; readonly tooLarge: () => SwitchyardError },
): Promise<Uint8Array> {
  if (request.body === null) return new Uint8Array(0)
  const reader = request.body.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read().catch(brokeOff)
    if (done) break
    length += value.length
    if (length > maxBytes) {
      // Not awaited: a client that keeps sending must not keep us waiting.
      reader.cancel().catch(() => undefined)
      throw tooLarge()
    }
    chunks.push(value)
  }
  return concat(chunks)
}

function brokeOff(cause: unknown): never {
  throw new SwitchyardError('invalid_request', 'The request broke off before its body was complete.', { cause })
}
