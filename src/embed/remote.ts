/** An encoder behind the OpenAI embeddings API, which many servers speak. The text leaves the gateway. */
import { concat } from '../bytes.ts'
import { type ErrorCode, SwitchyardError } from '../errors.ts'
import type { Encoder, Transport, UpstreamResponse } from '../spec.ts'
import { createServiceEncoder, malformed, type ServiceOptions } from './service.ts'

export interface RemoteOptions extends ServiceOptions {
  /** With the API version: `https://api.openai.com/v1`. */
  readonly baseUrl: string
  readonly apiKey: string | null
  /** Asks for vectors of `dim` numbers, of a model that can shorten its own. */
  readonly shorten: boolean
  readonly transport: Transport
  /** One call, beginning to end. */
  readonly callTimeoutMs?: number
}

/** Long enough for a cold server; a request that is routed meanwhile does not wait for it. */
const CALL_TIMEOUT_MS = 20_000

/**
 * Opens nothing and asks nothing: the first text does. `embed` rejects with `upstream_unreachable`, `upstream_timeout`,
 * `upstream_rate_limited`, `upstream_rejected`, `upstream_error` or `upstream_malformed`; no message holds a text or the key.
 */
export async function createRemoteEncoder(options: RemoteOptions): Promise<Encoder> {
  const { model, dim, baseUrl, apiKey, shorten, transport, callTimeoutMs = CALL_TIMEOUT_MS } = options
  const headers = {
    'content-type': 'application/json',
    ...(apiKey !== null && { authorization: `Bearer ${apiKey}` }),
  }

  /** Numbers, not base64: a few kilobytes more, and every server that speaks this API can write them. */
  const bodyOf = (texts: readonly string[]) =>
    JSON.stringify({ model, input: texts, encoding_format: 'float', ...(shorten && { dimensions: dim }) })

  async function ask(texts: readonly string[]): Promise<{ status: number; body: Uint8Array }> {
    const signal = AbortSignal.timeout(callTimeoutMs)
    try {
      const response = await transport({
        url: `${baseUrl}/embeddings`,
        method: 'POST',
        headers,
        body: new TextEncoder().encode(bodyOf(texts)),
        signal,
        connectTimeoutMs: callTimeoutMs,
      })
      return { status: response.status, body: await readAll(response) }
    } catch (thrown) {
      if (signal.aborted) throw failed('upstream_timeout', `did not answer within ${callTimeoutMs} ms`)
      throw failed('upstream_unreachable', 'cannot be reached', thrown)
    }
  }

  function failed(code: ErrorCode, what: string, cause?: unknown): SwitchyardError {
    return new SwitchyardError(code, `The embedding model "${model}" at ${baseUrl} ${what}.`, { cause })
  }

  return createServiceEncoder({ model, dim }, async (texts) => {
    const { status, body } = await ask(texts)
    if (status === 429) throw failed('upstream_rate_limited', 'is rate limited (429)')
    if (status >= 500) throw failed('upstream_error', `failed (${status})`)
    if (status === 401 || status === 403)
      throw failed('upstream_rejected', `refused the key (${status}): see \`encoder.apiKey\``)
    if (status !== 200)
      throw failed('upstream_rejected', `refused the request (${status}): see \`encoder\` in the configuration`)
    return readVectors(body, model)
  })
}

async function readAll({ body }: UpstreamResponse): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return concat(chunks)
}

/** `{ data: [{ index, embedding }, …] }`. No order is promised, so the index counts; some servers leave it out. */
function readVectors(body: Uint8Array, model: string): unknown[] {
  let answer: unknown
  try {
    answer = JSON.parse(new TextDecoder().decode(body))
  } catch {
    throw malformed(model, 'something else than JSON')
  }
  const data = isRecord(answer) ? answer.data : null
  if (!Array.isArray(data)) throw malformed(model, 'no `data`')
  const vectors: unknown[] = []
  for (const [position, entry] of data.entries()) {
    const { index = position, embedding } = isRecord(entry) ? entry : {}
    vectors[Number(index)] = embedding
  }
  return vectors
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
