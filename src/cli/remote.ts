/** Another gateway or Worker, asked as an admin. */
import { SwitchyardError } from '../errors.ts'

export interface RemoteArguments {
  /** Name of the environment variable that holds the admin key. */
  readonly keyEnv: string
}

/** Asks; resolves to the JSON of the answer. Throws with what to do about it. */
export interface Remote {
  readonly url: string
  ask(method: 'GET' | 'POST', path: string, body?: Uint8Array<ArrayBuffer> | object): Promise<unknown>
}

/** The longest that one answer, or one upload, may take. */
const TIMEOUT_MS = 300_000

/** @param address with or without `/v1`. Throws `invalid_request` where it is no URL or the variable is not set. */
export function connectTo(address: string, { keyEnv }: RemoteArguments): Remote {
  const url = baseUrl(address)
  const key = process.env[keyEnv]?.trim()
  if (!key) {
    throw new SwitchyardError(
      'invalid_request',
      `The admin key for ${url} is read from the environment variable ${keyEnv}, which is not set. Set it, or name another with --key-env.`,
    )
  }
  return remoteAt(url, key)
}

/** @param url as clients have it, without `/v1` */
export function remoteAt(url: string, key: string): Remote {
  return {
    url,
    async ask(method, path, body) {
      const response = await send(url + path, {
        method,
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': body instanceof Uint8Array ? 'application/octet-stream' : 'application/json',
        },
        ...(body !== undefined && { body: body instanceof Uint8Array ? body : JSON.stringify(body) }),
      })
      const json = await parse(response)
      if (response.ok && json !== null) return json
      throw await refusal(url, { method, path, status: response.status, message: messageOf(json) })
    },
  }
}

function baseUrl(address: string): string {
  const url = URL.parse(address)
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new SwitchyardError('invalid_request', `"${address}" is no address. Write it like https://gateway.example.`)
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '').replace(/\/v1$/, '')
}

/** Does not follow redirects: the key goes to the address that was given and to no other. */
async function send(url: string, options: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...options, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) })
  } catch (cause) {
    const { origin } = new URL(url)
    throw new SwitchyardError('upstream_unreachable', `${origin} could not be reached (${reasonOf(cause)}).`, { cause })
  }
}

function reasonOf(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined
  if (cause instanceof Error && 'code' in cause) return String(cause.code)
  return thrown instanceof Error && thrown.name === 'TimeoutError'
    ? `no answer within ${TIMEOUT_MS} ms`
    : 'no connection'
}

/** `null` for what is no JSON. */
async function parse(response: Response): Promise<unknown> {
  try {
    return await response.json()
  } catch {
    return null
  }
}

/** The message of the OpenAI envelope. */
function messageOf(json: unknown): string | null {
  if (typeof json !== 'object' || json === null || !('error' in json)) return null
  const { error } = json
  if (typeof error !== 'object' || error === null || !('message' in error)) return null
  return typeof error.message === 'string' ? error.message : null
}

interface Refused {
  readonly method: string
  readonly path: string
  readonly status: number
  readonly message: string | null
}

async function refusal(url: string, { method, path, status, message }: Refused): Promise<SwitchyardError> {
  if (message !== null && status === 401)
    return new SwitchyardError('unauthorized', `${url} does not know the key that it was sent.`)
  const unknownPath = message === null || message.startsWith(`There is no ${method} ${path.split('?')[0]} here`)
  if (!unknownPath) return new SwitchyardError('upstream_rejected', `${url} refuses (${status}): ${message}`)
  const greeting = await send(`${url}/`, { method: 'GET' }).then((response) => response.text())
  return greeting.startsWith('Switchyard is listening')
    ? new SwitchyardError(
        'upstream_rejected',
        `The Switchyard at ${url} has no ${method} ${path.split('?')[0]} (${status}): it is older than this one. Update it.`,
      )
    : new SwitchyardError(
        'upstream_rejected',
        `There is no Switchyard at ${url} (${method} ${path.split('?')[0]} answers ${status}). Check the address.`,
      )
}
