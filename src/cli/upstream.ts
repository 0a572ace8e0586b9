/** `switchyard upstream`. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createReplayTransport } from '../compose/transports.node.ts'
import { demo } from '../simulate/demo.ts'
import { serveSimulated } from '../simulate/server.node.ts'
import { createSimulatedUpstream } from '../simulate/upstream.ts'
import { readColumns } from './columns.ts'
import { print } from './output.ts'

export async function upstream({
  data,
  columns,
  latency = false,
  port,
}: {
  data?: string
  /** JSON, or a file of it. */
  columns?: string
  latency?: boolean
  port: string
}): Promise<void> {
  const transport =
    data === undefined
      ? createSimulatedUpstream(demo, { sleep: async (ms, signal) => sleep(ms, undefined, { signal }), paceMs: 8 })
      : await createReplayTransport(data, { latency, ...(await readColumns(columns)) })
  const server = await serveSimulated(transport, Number(port))
  print(`Simulated upstream ready on ${server.baseUrl} (${data === undefined ? 'demo models' : data})`)
  process.once('SIGTERM', () => server.close().then(() => process.exit(0)))
}
