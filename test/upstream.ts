/** An upstream of both wire formats that keeps what it received, headers included. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { replyOf } from '../benchmarks/faults/wire.ts'
import type { Wire } from '../src/spec.ts'

export interface Received {
  readonly path: string
  readonly wire: Wire
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly model: string
}

export interface Upstream {
  /** `http://127.0.0.1:port` */
  readonly origin: string
  readonly received: Received[]
  close(): Promise<void>
}

/** Answers with the status, type and body that `reply` gives; without it every model says the same words. */
export async function startUpstream(
  reply: (request: Received) => { status: number; type?: string; body: string } = ({ wire, model }) => ({
    status: 200,
    body: JSON.stringify(replyOf(wire, model)),
  }),
): Promise<Upstream> {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    const { url: path = '/', headers } = request
    const { model } = JSON.parse((await request.toArray()).join('') || '{}')
    const got: Received = { path, headers, model, wire: path.includes('/messages') ? 'anthropic' : 'openai' }
    received.push(got)
    const { status, type = 'application/json', body } = reply(got)
    response.writeHead(status, { 'content-type': type }).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The upstream has no port.')
  return {
    origin: `http://127.0.0.1:${address.port}`,
    received,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
