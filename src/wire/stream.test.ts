/** What holds for streams of both dialects: any cut, any damage, any order, and across the dialects to the vendors' own clients. */
import Anthropic from '@anthropic-ai/sdk'
import fc from 'fast-check'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { ANTHROPIC_ANSWERS, answerOf, fixture, OPENAI_ANSWERS, readParts } from '../../test/streams.ts'
import type { StreamPart } from '../spec.ts'
import { anthropicStreamReader, anthropicStreamWriter } from './anthropic.stream.ts'
import { openaiStreamReader, openaiStreamWriter } from './openai.stream.ts'

const STREAMS = [
  ...OPENAI_ANSWERS.map((name) => ({
    name: `openai.${name}`,
    reader: openaiStreamReader,
    needed: '"finish_reason":"',
  })),
  ...ANTHROPIC_ANSWERS.map((name) => ({
    name: `anthropic.${name}`,
    reader: anthropicStreamReader,
    needed: 'event: message_stop',
  })),
]
const FAILED = [
  { name: 'openai.error', reader: openaiStreamReader },
  { name: 'anthropic.error', reader: anthropicStreamReader },
]
const options = { model: 'auto', created: 1790000000, id: 'abc', includeUsage: true, inputTokens: 9 }
const encode = (text: string) => new TextEncoder().encode(text)

/** Where the event that holds `mark` is over. */
function endOf(bytes: Uint8Array, mark: string): number {
  const whole = Buffer.from(bytes)
  return whole.indexOf('\n\n', whole.indexOf(mark)) + 2
}

function cutAt(bytes: Uint8Array, offsets: readonly number[]): Uint8Array[] {
  const at = [0, ...[...offsets].sort((a, b) => a - b), bytes.length]
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end))
}

describe('however the bytes are cut', () => {
  it.each([...STREAMS, ...FAILED])('$name says the same, at every cut and in single bytes', ({ name, reader }) => {
    const bytes = fixture(name)
    const whole = readParts(reader(), [bytes])
    expect(
      readParts(
        reader(),
        Array.from(bytes, (byte) => Uint8Array.of(byte)),
      ),
    ).toEqual(whole)
    const expected = JSON.stringify(whole)
    for (let cut = 1; cut < bytes.length; cut++) {
      if (JSON.stringify(readParts(reader(), cutAt(bytes, [cut]))) !== expected) expect.fail(`differs at byte ${cut}`)
    }
  })

  it.each([...STREAMS, ...FAILED])('$name says the same in random pieces, with any line ends', ({ name, reader }) => {
    const whole = readParts(reader(), [fixture(name)])
    const text = new TextDecoder().decode(fixture(name))
    fc.assert(
      fc.property(
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true })),
        (end, at) => {
          const bytes = encode(text.replaceAll('\n', end))
          const offsets = at.map((share) => Math.floor(share * bytes.length))
          expect(readParts(reader(), cutAt(bytes, offsets))).toEqual(whole)
        },
      ),
      { numRuns: 50 },
    )
  })
})

describe('a stream that ends early', () => {
  it.each(STREAMS)('$name is never complete before all that matters came', ({ name, reader, needed }) => {
    const bytes = fixture(name)
    const enough = endOf(bytes, needed)
    for (let cut = 0; cut < bytes.length; cut++) {
      const parts = readParts(reader(), [bytes.subarray(0, cut)])
      const ends = parts.filter((part) => part.type === 'finish' || part.type === 'error')
      const expected = cut < enough ? 'upstream_truncated' : 'finish'
      const seen = ends.map((part) => (part.type === 'error' ? part.code : part.type))
      if (String(seen) !== expected || parts.at(-1) !== ends[0]) expect.fail(`byte ${cut} of ${enough}: ${seen}`)
    }
  })

  it('is neither complete nor a crash when its bytes are damaged', () => {
    const damage = fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255)), { maxLength: 8 })
    fc.assert(
      fc.property(fc.constantFrom(...STREAMS), damage, ({ name, reader }, hits) => {
        const bytes = Uint8Array.from(fixture(name))
        for (const [share, byte] of hits) bytes[Math.floor(share * (bytes.length - 1))] = byte
        const parts = readParts(reader(), cutAt(bytes, [bytes.length >> 1]))
        const ends = parts.flatMap((part, i) => (part.type === 'finish' || part.type === 'error' ? [i] : []))
        expect(ends).toEqual([parts.length - 1])
      }),
      { numRuns: 500 },
    )
  })
})

describe('from one dialect to the other and back', () => {
  const pairs = [
    ...OPENAI_ANSWERS.map(
      (name) => [`openai.${name}`, openaiStreamReader, anthropicStreamWriter, anthropicStreamReader] as const,
    ),
    ...ANTHROPIC_ANSWERS.map(
      (name) => [`anthropic.${name}`, anthropicStreamReader, openaiStreamWriter, openaiStreamReader] as const,
    ),
  ]
  it.each(pairs)('%s keeps text, calls, finish and usage', (name, reader, writerOf, readBack) => {
    const parts = readParts(reader(), [fixture(name)])
    const writer = writerOf(options)
    const written = parts.map((part) => encode(writer.write(part)))
    const [before, after] = [answerOf(parts), answerOf(readParts(readBack(), written))]
    expect(after.text + after.refusal).toContain(before.text + before.refusal)
    expect(after.tools).toEqual(before.tools)
    expect(after.finish?.unified).toBe(before.finish?.unified)
    expect(after.usage).toEqual(before.usage)
    expect(after.error).toBeNull()
  })
})

/** Calls whose arguments come in pieces, interleaved with each other and with text, in any order. */
const script = fc
  .tuple(
    fc.array(
      fc.json({ maxDepth: 2 }).map((json) => `{"a":${json}}`),
      { maxLength: 4 },
    ),
    fc.array(fc.constantFrom('text', 'reasoning', 'refusal'), { maxLength: 6 }),
    fc.array(fc.nat(), { minLength: 40, maxLength: 40 }),
  )
  .map(([calls, words, dice]) => {
    const lanes: StreamPart[][] = calls.map((json, index) => [
      { type: 'tool_start', index, id: `call_${index}`, name: `f${index}` },
      ...(json.match(/.{1,7}/gsu) ?? []).map((piece): StreamPart => ({ type: 'tool_arguments', index, json: piece })),
    ])
    lanes.push(words.map((type, i): StreamPart => ({ type: type as 'text', text: `w${i} ` })))
    const parts: StreamPart[] = []
    for (let turn = 0; lanes.some((lane) => lane.length > 0); turn++) {
      const open = lanes.filter((lane) => lane.length > 0)
      parts.push(open[dice[turn % dice.length]! % open.length]!.shift()!)
    }
    return parts
  })
const usage = { input: 10, cachedInput: 4, cacheWrite: 1, output: 3, reasoning: 2 }
const finishOf = (parts: readonly StreamPart[]): StreamPart => {
  const unified = parts.some((part) => part.type === 'tool_start') ? 'tool_calls' : 'stop'
  return { type: 'finish', finish: { unified, raw: unified }, usage }
}

describe('parts in any order', () => {
  it('become a valid message stream that loses nothing', () => {
    fc.assert(
      fc.property(script, (parts) => {
        const writer = anthropicStreamWriter(options)
        const written = [...parts, finishOf(parts)].map((part) => writer.write(part)).join('')
        checkMessageStream(written)
        const [before, after] = [answerOf(parts), answerOf(readParts(anthropicStreamReader(), [encode(written)]))]
        // Reasoning is not written, and a refusal is text.
        const said = parts.map((part) => (part.type === 'text' || part.type === 'refusal' ? part.text : '')).join('')
        expect(after.text).toBe(said)
        const byId = (a: { id: string }, b: { id: string }) => a.id.localeCompare(b.id)
        expect([...after.tools].sort(byId)).toEqual([...before.tools].sort(byId))
      }),
    )
  })

  it('become a chat completion stream that loses nothing', () => {
    fc.assert(
      fc.property(script, (parts) => {
        const writer = openaiStreamWriter(options)
        const written = [...parts, finishOf(parts)].map((part) => encode(writer.write(part)))
        const [before, after] = [answerOf(parts), answerOf(readParts(openaiStreamReader(), written))]
        expect(after).toMatchObject({ text: before.text, reasoning: before.reasoning, tools: before.tools, usage })
      }),
    )
  })
})

/** The grammar of Anthropic's streams: one start, blocks one after the other with ascending indexes, one end. */
function checkMessageStream(text: string): void {
  const types = [...text.matchAll(/^event: (\w+)$/gm)].map(([, type]) => type)
  expect(types.join(' ')).toMatch(
    /^message_start( content_block_start( content_block_delta)* content_block_stop)* message_delta message_stop$/,
  )
  let index = -1
  for (const [, type, at] of text.matchAll(/"type":"content_block_(start|delta|stop)","index":(\d+)/g)) {
    if (type === 'start') index += 1
    expect(Number(at)).toBe(index)
  }
}

/** A client whose every request is answered by these bytes. */
function respond(body: string): typeof fetch {
  return async () => new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}
const viaOpenai = (body: string) =>
  new OpenAI({ apiKey: 'k', baseURL: 'http://localhost/v1', maxRetries: 0, fetch: respond(body) }).chat.completions
    .stream({ model: 'auto', messages: [{ role: 'user', content: 'Hi' }], stream_options: { include_usage: true } })
    .finalChatCompletion()
const viaAnthropic = (body: string) =>
  new Anthropic({ apiKey: 'k', baseURL: 'http://localhost', maxRetries: 0, fetch: respond(body) }).messages
    .stream({ model: 'auto', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] })
    .finalMessage()

describe("the vendors' own clients", () => {
  const toOpenai = (name: string, bytes = fixture(`anthropic.${name}`)) => {
    const writer = openaiStreamWriter(options)
    return readParts(anthropicStreamReader(), [bytes])
      .map((part) => writer.write(part))
      .join('')
  }
  const toAnthropic = (name: string, bytes = fixture(`openai.${name}`)) => {
    const writer = anthropicStreamWriter(options)
    return readParts(openaiStreamReader(), [bytes])
      .map((part) => writer.write(part))
      .join('')
  }

  it('openai reads text and usage of an Anthropic answer', async () => {
    const completion = await viaOpenai(toOpenai('text'))
    expect(completion).toMatchObject({
      id: 'chatcmpl-abc',
      object: 'chat.completion',
      created: 1790000000,
      model: 'auto',
      choices: [
        {
          index: 0,
          finish_reason: 'stop',
          message: { role: 'assistant', content: 'Grüße aus 東京: 🙂 "quoted" back\\slash\ndone.', refusal: null },
        },
      ],
      usage: { prompt_tokens: 1337, completion_tokens: 24, total_tokens: 1361 },
    })
  })

  it('openai reads parallel calls, calls without arguments, a refusal and a cut by length', async () => {
    const { message, finish_reason } = (await viaOpenai(toOpenai('tools'))).choices[0]!
    expect(finish_reason).toBe('tool_calls')
    expect(message.content).toBe('I will look both up.')
    expect(message.tool_calls).toMatchObject([
      { type: 'function', function: { name: 'get_weather', arguments: '{"city": "Paris", "unit": "°C"}' } },
      { type: 'function', function: { name: 'get_time', arguments: '{"zone": "Europe/Paris"}' } },
    ])
    const noargs = (await viaOpenai(toOpenai('noargs'))).choices[0]!.message
    expect(noargs).toMatchObject({ content: null, tool_calls: [{ function: { arguments: '{}' } }] })
    expect((await viaOpenai(toOpenai('refusal'))).choices[0]).toMatchObject({
      finish_reason: 'content_filter',
      message: { refusal: 'This request was declined.' },
    })
    expect((await viaOpenai(toOpenai('length'))).choices[0]).toMatchObject({ finish_reason: 'length' })
  })

  it('anthropic reads text and usage of an OpenAI answer', async () => {
    expect(await viaAnthropic(toAnthropic('text'))).toMatchObject({
      id: 'msg_abc',
      type: 'message',
      role: 'assistant',
      model: 'auto',
      content: [{ type: 'text', text: 'Grüße aus 東京: 🙂 "quoted" back\\slash\nline.' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 297, cache_read_input_tokens: 1024, output_tokens: 14 },
    })
  })

  it('anthropic reads parallel calls, calls without arguments, reasoning and a refusal', async () => {
    const tools = await viaAnthropic(toAnthropic('tools'))
    expect(tools.stop_reason).toBe('tool_use')
    expect(tools.content).toMatchObject([
      { type: 'tool_use', id: 'call_9nUjQ3', name: 'get_weather', input: { city: 'Paris', unit: '°C' } },
      { type: 'tool_use', id: 'call_Zk0sd1', name: 'get_time', input: { zone: 'Europe/Paris' } },
    ])
    expect((await viaAnthropic(toAnthropic('noargs'))).content).toMatchObject([{ name: 'list_files', input: {} }])
    expect((await viaAnthropic(toAnthropic('reasoning'))).content).toEqual([{ type: 'text', text: 'The answer is 4.' }])
    expect((await viaAnthropic(toAnthropic('refusal'))).stop_reason).toBe('refusal')
  })

  it('get an error, never half an answer, when the upstream is cut at any event', async () => {
    const cuts = (bytes: Uint8Array, needed: string) => {
      const text = Buffer.from(bytes)
      const ends: number[] = [0]
      for (let at = text.indexOf('\n\n'); at !== -1; at = text.indexOf('\n\n', at + 2)) ends.push(at + 2)
      const enough = endOf(bytes, needed)
      return ends.filter((end) => end < enough).map((end) => bytes.subarray(0, end))
    }
    for (const name of ANTHROPIC_ANSWERS) {
      for (const bytes of cuts(fixture(`anthropic.${name}`), 'event: message_stop')) {
        await expect(viaOpenai(toOpenai(name, bytes))).rejects.toThrow(/ended before the answer was complete/)
      }
    }
    for (const name of OPENAI_ANSWERS) {
      for (const bytes of cuts(fixture(`openai.${name}`), '"finish_reason":"')) {
        await expect(viaAnthropic(toAnthropic(name, bytes))).rejects.toThrow(/ended before the answer was complete/)
      }
    }
  })

  it('get the error that the upstream reported', async () => {
    await expect(viaOpenai(toOpenai('error'))).rejects.toThrow(/Overloaded/)
    await expect(viaAnthropic(toAnthropic('error'))).rejects.toThrow(/had an error while processing/)
  })
})
