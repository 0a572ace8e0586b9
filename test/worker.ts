/** Starts the Worker as a user does: a folder of its own with its two files, `wrangler dev`, a free port. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { startWorkerProcess, type WorkerProcess } from '../src/cli/worker.process.ts'
import type { ConfigInput } from '../src/config/schema.ts'
import { newFolder, removeFolder } from './gateway.ts'

export interface Worker extends WorkerProcess {
  readonly folder: string
  /** The folder of its local database. */
  readonly data: string
  /** Triggers its cron. */
  maintain(): Promise<void>
  /** Ends it and removes its folder. */
  discard(): Promise<void>
}

export async function startWorker({
  folder = newFolder(),
  ...options
}: {
  readonly config: ConfigInput
  readonly env?: Readonly<Record<string, string>>
  /** Data that is there already is served. */
  readonly folder?: string
}): Promise<Worker> {
  const worker = await startWorkerProcess({ ...options, folder, direct: true })
  const edge = await startEdge(worker.url)
  const stop = async () => {
    await edge.close()
    await worker.stop()
  }
  return {
    ...worker,
    url: edge.url,
    folder,
    data: join(folder, 'state'),
    stop,
    async maintain() {
      const { ok, status } = await fetch(`${worker.url}/cdn-cgi/local/scheduled`)
      if (!ok) throw new Error(`The cron trigger answers ${status}.`)
    },
    discard: async () => {
      await stop()
      removeFolder(folder)
    },
  }
}

/**
 * What stands before a deployed Worker, as far as it matters here: it lets the runtime know that a client has left. The
 * runtime by itself notices a connection that was closed only when it next writes to it; one that was reset it notices at once.
 */
async function startEdge(worker: string): Promise<{ url: string; close(): Promise<void> }> {
  const { port } = new URL(worker)
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const behind = connect(Number(port), '127.0.0.1')
    for (const socket of [client, behind]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    }
    client.pipe(behind).pipe(client)
    client.on('close', () => behind.resetAndDestroy())
    behind.on('close', () => client.destroySoon())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}
