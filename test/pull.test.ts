/** `switchyard push` and `switchyard pull` against the Node gateway, and what they say when it cannot be. */
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Gateway, newFolder, removeFolder, run, startGateway } from './gateway.ts'
import { ADMIN_KEY, adminConfig, WEB_KEY } from './suites/admin.ts'
import { describePull } from './suites/pull.ts'

describePull('the Node gateway', startGateway)

describe('what cannot be is said', () => {
  let gateway: Gateway
  let folder: string
  beforeAll(async () => {
    gateway = await startGateway({ config: adminConfig })
    folder = newFolder()
  })
  afterAll(async () => {
    await gateway.discard()
    removeFolder(folder)
  })
  const said = async (from: string, env: Record<string, string> = { SWITCHYARD_KEY: ADMIN_KEY }, ...args: string[]) => {
    const { code, output } = await run(['pull', '--from', from, ...args], { folder, env })
    for (const secret of Object.values(env)) expect(output).not.toContain(secret)
    expect(code).toBe(2)
    return output
  }
  /** What a server says that answers like this. */
  const saidOf = async (answer: RequestListener) => {
    const server = createServer(answer)
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    try {
      return await said(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    } finally {
      server.close()
    }
  }

  it('about keys', async () => {
    expect(await said(gateway.url, {})).toContain('environment variable SWITCHYARD_KEY, which is not set')
    expect(await said(gateway.url, {}, '--key-env', 'OTHER')).toContain('environment variable OTHER')
    expect(await said(gateway.url, { SWITCHYARD_KEY: 'wrong-key-of-nobody' })).toContain('does not know the key')
    expect(await said(gateway.url, { SWITCHYARD_KEY: WEB_KEY })).toContain('The key "web" is no admin key')
  })

  it('about addresses', async () => {
    expect(await said('gateway')).toContain('"gateway" is no address')
    expect(await said('http://127.0.0.1:1')).toContain('http://127.0.0.1:1 could not be reached')
    const web = await saidOf((_, response) => response.setHeader('content-type', 'text/html').end('<html>Hi</html>'))
    expect(web).toContain('There is no Switchyard at')
    const moved = await saidOf((_, response) => response.writeHead(301, { location: gateway.url }).end())
    expect(moved).toContain('answers 301')
  })

  it('about versions', async () => {
    const old = await saidOf(({ method, url }, response) => {
      if (url === '/') return response.end('Switchyard is listening. Point an OpenAI client at /v1.\n')
      const message = `There is no ${method} ${url} here. See GET /v1/models and docs/.`
      return response.writeHead(404).end(JSON.stringify({ error: { message } }))
    })
    expect(old).toContain('is older than this one')
    const other = await saidOf((_, response) =>
      response.end(JSON.stringify({ log: 'x', columns: { decisions: ['id'] } })),
    )
    expect(other).toContain('is of another version')
  })
})
