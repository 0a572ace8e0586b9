/** Puts a simulated upstream on a loopback port, so that it can stand in a process of its own. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Transport } from '../spec.ts'

export interface SimulatedServer {
  readonly port: number
  /** With the API version, as a provider's `baseUrl` wants it. */
  readonly baseUrl: string
  close(): Promise<void>
}

/** Serves `transport` on 127.0.0.1; port 0 picks a free one. */
export async function serveSimulated(transport: Transport, port = 0): Promise<SimulatedServer> {
  const server = createServer((request, response) => {
    answer(transport, request, response).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : undefined),
    )
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The simulated upstream has no port.')
  return {
    port: address.port,
    baseUrl: `http://127.0.0.1:${address.port}/v1`,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function answer(transport: Transport, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Uint8Array[] = []
  for await (const chunk of request) if (chunk instanceof Uint8Array) chunks.push(chunk)
  const abort = new AbortController()
  response.once('close', () => abort.abort())
  const upstream = await transport({
    url: `http://127.0.0.1${request.url ?? '/'}`,
    method: request.method === 'GET' ? 'GET' : 'POST',
    headers: {},
    body: Buffer.concat(chunks),
    signal: abort.signal,
    connectTimeoutMs: 1000,
  })
  response.writeHead(upstream.status, upstream.headers)
  for await (const chunk of upstream.body) if (!response.write(chunk)) await once(response, 'drain')
  response.end()
}
