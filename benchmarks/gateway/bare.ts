/** The yardstick: the least a Node proxy can do, `node:http` in front and undici behind. Prints its port. */
import { createServer } from 'node:http'
import { Pool } from 'undici'

const pool = new Pool(process.argv[2] ?? '', { connections: 128, pipelining: 1 })
const server = createServer((request, response) => {
  pool.stream(
    {
      path: request.url ?? '/',
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: request,
      opaque: response,
    },
    ({ statusCode, headers }) => {
      const { connection: _c, 'transfer-encoding': _t, ...kept } = headers
      response.writeHead(statusCode, kept)
      return response
    },
    (error) => {
      if (error) response.destroy(error)
    },
  )
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  console.log(`ready ${typeof address === 'object' ? address?.port : ''}`)
})
