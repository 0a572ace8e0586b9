import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SwitchyardError } from '../errors.ts'
import { readBytes } from './body.ts'
import { createGate } from './concurrency.ts'

const post = (body: ReadableStream | Uint8Array<ArrayBuffer> | null, headers: Record<string, string> = {}) =>
  new Request('http://localhost/', {
    method: 'POST',
    body,
    headers,
    ...(body instanceof ReadableStream && { duplex: 'half' }),
  })
const streamOf = (chunks: readonly Uint8Array[], then?: (controller: ReadableStreamDefaultController) => void) => {
  const left = [...chunks]
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = left.shift()
      if (chunk) controller.enqueue(chunk)
      else if (then) then(controller)
      else controller.close()
    },
  })
}

test('a body is read whole, however it was cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 8 }), async (chunks) => {
      const all = Buffer.concat(chunks)
      expect(Buffer.from(await readBytes(post(streamOf(chunks)), 400))).toEqual(all)
    }),
  )
  expect(await readBytes(post(null), 10)).toHaveLength(0)
})

test.each<Record<string, string>>([
  {},
  { 'content-length': '1', 'transfer-encoding': 'chunked' },
  { 'content-length': 'abc' },
  { 'content-length': '-5' },
])('an endless body without a proper length is refused at the limit: %j', async (headers) => {
  let sent = 0
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 1000
      controller.enqueue(new Uint8Array(1000))
    },
  })
  await expect(readBytes(post(endless, headers), 10_000)).rejects.toMatchObject({ code: 'body_too_large', status: 413 })
  expect(sent).toBeLessThan(20_000)
})

test('a body longer than it says is measured, not believed', async () => {
  const lying = post(new Uint8Array(200), { 'content-length': '1' })
  await expect(readBytes(lying, 100)).rejects.toMatchObject({ code: 'body_too_large' })
})

test('a body at the limit passes, and one announced as larger is refused unread', async () => {
  expect(await readBytes(post(new Uint8Array(100)), 100)).toHaveLength(100)
  await expect(readBytes(post(new Uint8Array(1), { 'content-length': '101' }), 100)).rejects.toMatchObject({
    code: 'body_too_large',
  })
})

test('a client that breaks off is the one at fault', async () => {
  const broken = streamOf([new Uint8Array(3)], (controller) => controller.error(new Error('reset')))
  await expect(readBytes(post(broken), 100)).rejects.toMatchObject({ code: 'invalid_request' })
  const framed = streamOf([new Uint8Array(3)], (controller) => controller.error(new Error('reset')))
  await expect(readBytes(post(framed, { 'content-length': '9' }), 100)).rejects.toMatchObject({
    code: 'invalid_request',
  })
})

test('the gate lets in as many as it says, and each leaves once', () => {
  const gate = createGate(2)
  const leave = gate.enter()
  gate.enter()
  expect(() => gate.enter()).toThrow(expect.objectContaining({ code: 'overloaded', status: 503, retryAfterS: 1 }))
  leave()
  leave()
  expect(gate.inFlight).toBe(1)
  gate.enter()
  expect(() => gate.enter()).toThrow(SwitchyardError)
})
