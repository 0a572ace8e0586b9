/**
 * A provider that breaks. A raw socket server that speaks both wire formats and takes the fault from the model's name,
 * because a framework cannot reset a connection before its headers, leave out the last chunk or lie about a length.
 *
 * `model` is `fault[:argument…][#anything]`, or `S01` … `S16` for a scenario of Failover Bench (`faults.ts` lists both);
 * what follows `#` only keeps the counts of tests apart.
 */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import type { Wire } from '../../src/spec.ts'
import { faultOf, head } from './faults.ts'

/** One request as the provider saw it. Times in milliseconds on the monotonic clock. */
export interface Hit {
  readonly model: string
  readonly wire: Wire
  readonly stream: boolean
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly at: number
  /** When its connection was gone, `null` while it stands. */
  closedAt: number | null
  /** Whether the fault had run to its end by then. */
  answered: boolean
  /** Bytes written to its connection so far. */
  readonly sentBytes: number
}

export interface FaultProvider {
  /** `http://127.0.0.1:port` */
  readonly origin: string
  /** An origin where nothing listens. */
  readonly refusing: string
  readonly hits: Hit[]
  /** The attempts at one model name. */
  of(model: string): Hit[]
  /** Connections open now. */
  readonly connections: number
  close(): Promise<void>
}

/** Starts the provider on a free port of the loopback address. */
export async function startFaultProvider(options: { readonly port?: number } = {}): Promise<FaultProvider> {
  const hits: Hit[] = []
  const byModel = new Map<string, Hit[]>()
  const sockets = new Set<Socket>()

  const server = createServer((socket) => {
    sockets.add(socket)
    let buffer = Buffer.alloc(0)
    let busy = false
    const mine: Hit[] = []
    socket.setNoDelay(true)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      sockets.delete(socket)
      for (const hit of mine) hit.closedAt ??= performance.now()
    })
    const advance = () => {
      if (busy) return
      const end = buffer.indexOf('\r\n\r\n')
      if (end < 0) return
      const [line, ...fields] = buffer.toString('latin1', 0, end).split('\r\n')
      const headers = Object.fromEntries(
        fields.map((field) => [
          field.slice(0, field.indexOf(':')).toLowerCase(),
          field.slice(field.indexOf(':') + 1).trim(),
        ]),
      )
      const length = Number(headers['content-length'] ?? 0)
      if (buffer.length < end + 4 + length) return
      const body = buffer.toString('utf8', end + 4, end + 4 + length)
      buffer = buffer.subarray(end + 4 + length)
      busy = true
      answer(line!, headers, body)
        .catch(
          (thrown) => socket.destroyed || socket.end(head(500, { 'x-fault': String(thrown), 'content-length': '0' })),
        )
        .finally(() => {
          busy = false
          advance()
        })
    }
    const answer = async (line: string, headers: Record<string, string>, body: string) => {
      const { model = 'ok', stream = false }: { model?: string; stream?: boolean } = JSON.parse(body || '{}')
      const wire: Wire = line.includes('/messages') ? 'anthropic' : 'openai'
      const at = performance.now()
      const hit: Hit = {
        model,
        wire,
        stream,
        headers,
        body,
        at,
        closedAt: null,
        answered: false,
        get sentBytes() {
          return socket.bytesWritten
        },
      }
      hits.push(hit)
      mine.push(hit)
      const same = byModel.get(model) ?? []
      byModel.set(model, same)
      same.push(hit)
      const { fault, args } = faultOf(model, same.length, at - same[0]!.at)
      await fault({ socket, wire, stream, model, request: body, args })
      hit.answered = !socket.destroyed
    }
    socket.on('data', (bytes) => {
      buffer = Buffer.concat([buffer, bytes])
      advance()
    })
  })

  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const unused = createServer().listen(0, '127.0.0.1')
  await once(unused, 'listening')
  const refusing = originOf(unused.address())
  unused.close()
  return {
    origin: originOf(server.address()),
    refusing,
    hits,
    of: (model) => byModel.get(model) ?? [],
    get connections() {
      return sockets.size
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function originOf(address: ReturnType<ReturnType<typeof createServer>['address']>): string {
  if (address === null || typeof address === 'string') throw new Error('The server has no port.')
  return `http://127.0.0.1:${address.port}`
}
