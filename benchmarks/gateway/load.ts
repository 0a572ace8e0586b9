/** A load generator on raw sockets: keep-alive, one request at a time per connection, as cheap as Node allows. */
import { connect } from 'node:net'

export interface LoadResult {
  readonly requests: number
  readonly requestsPerS: number
  readonly p50Us: number
  readonly p99Us: number
  readonly failures: number
}

/** Sends `body` for `durationMs` over `connections` sockets and waits for each whole answer. */
export async function load(
  url: string,
  body: string,
  { connections, durationMs }: { connections: number; durationMs: number },
): Promise<LoadResult> {
  const { hostname, port, pathname } = new URL(url)
  const request = Buffer.from(
    `POST ${pathname} HTTP/1.1\r\nhost: ${hostname}:${port}\r\nauthorization: Bearer bench\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
  const latencies: number[] = []
  let failures = 0
  const started = performance.now()
  const until = started + durationMs
  const one = () =>
    new Promise<void>((done, fail) => {
      const socket = connect(Number(port), hostname)
      let sent = 0
      let seen: Buffer = Buffer.alloc(0)
      const send = () => {
        sent = performance.now()
        socket.write(request)
      }
      socket.setNoDelay(true)
      socket.on('connect', send)
      socket.on('error', fail)
      socket.on('data', (data) => {
        seen = seen.length === 0 ? data : Buffer.concat([seen, data])
        if (!complete(seen)) return
        latencies.push(performance.now() - sent)
        if (seen.toString('latin1', 9, 12) !== '200') failures++
        seen = Buffer.alloc(0)
        if (performance.now() < until) return send()
        socket.end()
        done()
      })
    })
  await Promise.all(Array.from({ length: connections }, one))
  const elapsed = performance.now() - started
  latencies.sort((a, b) => a - b)
  const quantile = (q: number) => Math.round(1000 * (latencies[Math.floor(q * (latencies.length - 1))] ?? Number.NaN))
  return {
    requests: latencies.length,
    requestsPerS: Math.round((1000 * latencies.length) / elapsed),
    p50Us: quantile(0.5),
    p99Us: quantile(0.99),
    failures,
  }
}

function complete(seen: Buffer): boolean {
  const end = seen.indexOf('\r\n\r\n')
  if (end < 0) return false
  const length = /content-length: (\d+)/iu.exec(seen.toString('latin1', 0, end))?.[1]
  if (length !== undefined) return seen.length >= end + 4 + Number(length)
  return seen.subarray(-5).equals(LAST_CHUNK)
}

const LAST_CHUNK = Buffer.from('0\r\n\r\n')
