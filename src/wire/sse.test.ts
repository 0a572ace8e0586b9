import { describe, expect, it } from 'vitest'
import { createSseReader, formatEvent, MAX_EVENT_CHARS } from './sse.ts'

function read(...chunks: readonly (string | Uint8Array)[]) {
  const events: [string, string | undefined][] = []
  const malformed: string[] = []
  const push = createSseReader({
    onEvent: (data, name) => events.push([data, name]),
    onMalformed: (message) => malformed.push(message),
  })
  for (const chunk of chunks) push(typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk)
  return { events, malformed }
}

describe('reading server-sent events', () => {
  it('joins data lines, keeps names, skips comments and unknown fields', () => {
    const { events } = read(': hello\n\nevent: a\ndata: 1\ndata: 2\n\nfoo: bar\nid: 7\ndata:3\n\n')
    expect(events).toEqual([
      ['1\n2', 'a'],
      ['3', undefined],
    ])
  })

  it('takes LF, CRLF and CR, also where a cut falls between CR and LF', () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const bytes = new TextEncoder().encode(`event: a${end}data: 1${end}${end}data: 2${end}${end}data: 3${end}${end}`)
      for (let cut = 0; cut <= bytes.length; cut++) {
        const { events } = read(bytes.subarray(0, cut), bytes.subarray(cut), ':')
        expect(events).toEqual([
          ['1', 'a'],
          ['2', undefined],
          ['3', undefined],
        ])
      }
    }
  })

  it('puts characters together that a cut has split, and survives bytes that are no UTF-8', () => {
    const bytes = new TextEncoder().encode('data: é東🙂\n\n')
    expect(read(...Array.from(bytes, (byte) => Uint8Array.of(byte))).events).toEqual([['é東🙂', undefined]])
    expect(read('data: ', Uint8Array.of(0xff, 0xc3), '\n\n').events).toEqual([['\uFFFD\uFFFD', undefined]])
  })

  it('drops an event that was not closed', () => {
    expect(read('data: 1\n\ndata: 2\n').events).toEqual([['1', undefined]])
  })

  it.each(['<!DOCTYPE html><p>no</p>', '{"error":{"message":"no"}}', '\n\nService Unavailable'])(
    'refuses %j, which is no event stream',
    (body) => {
      expect(read(body).malformed).toHaveLength(1)
      expect(read(...body).malformed).toHaveLength(1)
      expect(read(body, 'data: 1\n\n').events).toEqual([])
    },
  )

  it('refuses an event beyond the limit however it comes, and takes one at the limit', () => {
    const long = 'x'.repeat(MAX_EVENT_CHARS + 1)
    expect(read(`data: ${long}\n\n`)).toMatchObject({ events: [], malformed: [expect.stringMatching(/1048576/)] })
    expect(read('data: ', long.slice(0, 600_000), long.slice(600_000)).malformed).toHaveLength(1)
    const lines = `data: ${'x'.repeat(1000)}\n`.repeat(2000)
    expect(read(lines, 'data: 1\n\n')).toMatchObject({ events: [], malformed: [expect.any(String)] })
    expect(read(`data: ${long.slice(1)}\n\n`).events).toHaveLength(1)
  })
})

describe('writing server-sent events', () => {
  it('is read back as it was written', () => {
    const data = { text: 'a\nb\r\u2028"\\🙂' }
    const { events } = read(formatEvent(data, 'delta'), formatEvent(data))
    expect(events).toEqual([
      [JSON.stringify(data), 'delta'],
      [JSON.stringify(data), undefined],
    ])
  })
})
