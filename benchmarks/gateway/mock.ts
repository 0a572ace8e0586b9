/**
 * The upstream of the benchmark: a raw socket server with one canned chat completion (or stream of 50 chunks), so that
 * it costs as little as possible beside what is measured. Prints its port.
 */
import { createServer } from 'node:net'

const usage =
  '"usage":{"prompt_tokens":210,"completion_tokens":120,"total_tokens":330,"prompt_tokens_details":{"cached_tokens":0}}'
const head = '"id":"chatcmpl-bench","created":1790000000,"model":"mock-1"'
const content = 'The quick brown fox jumps over the lazy dog. '.repeat(10).trim()
const whole = `{${head},"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"${content}","refusal":null},"logprobs":null,"finish_reason":"stop"}],${usage}}`
const chunk = (delta: string, finish: string) =>
  `data: {${head},"object":"chat.completion.chunk","choices":[{"index":0,"delta":{${delta}},"logprobs":null,"finish_reason":${finish}}]}\n\n`
const stream = [
  chunk('"role":"assistant","content":"","refusal":null', 'null'),
  ...Array.from({ length: 50 }, (_, i) => chunk(`"content":" word${i}"`, 'null')),
  chunk('', '"stop"'),
  `data: {${head},"object":"chat.completion.chunk","choices":[],${usage}}\n\n`,
  'data: [DONE]\n\n',
]
const wholeResponse = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req_bench\r\ncontent-length: ${Buffer.byteLength(whole)}\r\n\r\n${whole}`,
)
const frame = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
const streamResponse = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-request-id: req_bench\r\ntransfer-encoding: chunked\r\n\r\n${stream.map(frame).join('')}0\r\n\r\n`,
)

const server = createServer((socket) => {
  let pending = Buffer.alloc(0)
  socket.setNoDelay(true)
  socket.on('error', () => {})
  socket.on('data', (data) => {
    pending = pending.length === 0 ? data : Buffer.concat([pending, data])
    for (;;) {
      const end = pending.indexOf('\r\n\r\n')
      if (end < 0) return
      const length = Number(/content-length: (\d+)/iu.exec(pending.toString('latin1', 0, end))?.[1] ?? 0)
      if (pending.length < end + 4 + length) return
      const streaming = pending.includes('"stream":true', end)
      pending = pending.subarray(end + 4 + length)
      socket.write(streaming ? streamResponse : wholeResponse)
    }
  })
})
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  const address = server.address()
  console.log(`ready ${typeof address === 'object' ? address?.port : ''}`)
})
