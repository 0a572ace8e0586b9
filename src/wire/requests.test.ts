import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Json, PLAIN, THINKS, toAnthropic, toOpenai } from '../../test/wire.ts'
import { SwitchyardError } from '../errors.ts'
import { anthropic } from './anthropic.ts'
import type { EncodeOptions } from './dialect.ts'
import { openai } from './openai.ts'

describe('properties', () => {
  const json = fc.jsonValue({ maxDepth: 2 })
  const mostly = <T>(good: fc.Arbitrary<T>) => fc.oneof({ weight: 40, arbitrary: good }, { weight: 1, arbitrary: json })
  const partial = (shape: Record<string, fc.Arbitrary<unknown>>) => fc.record(shape, { requiredKeys: [] })
  const string = fc.string()

  it('translating what an OpenAI client may send never throws anything of another type', () => {
    const part = partial({
      type: mostly(fc.constantFrom('text', 'image_url', 'file', 'refusal')),
      text: mostly(string),
      image_url: mostly(
        partial({ url: mostly(fc.constantFrom('https://a.test/b', 'data:image/png;base64,AA', 'data:,')) }),
      ),
      file: mostly(partial({ file_data: mostly(fc.constantFrom('AA', 'data:x', 'data:application/pdf;base64,AA')) })),
    })
    const call = partial({
      id: mostly(string),
      type: mostly(fc.constant('function')),
      function: mostly(
        partial({ name: mostly(string), arguments: mostly(fc.oneof(fc.json(), fc.constant(''), string)) }),
      ),
    })
    const message = partial({
      role: mostly(fc.constantFrom('system', 'developer', 'user', 'assistant', 'tool')),
      content: mostly(fc.oneof(string, fc.array(mostly(part), { maxLength: 3 }))),
      tool_calls: mostly(fc.array(mostly(call), { maxLength: 2 })),
      tool_call_id: mostly(string),
      refusal: mostly(fc.constant(null)),
    })
    const body = partial({
      messages: mostly(fc.array(mostly(message), { maxLength: 4 })),
      tools: mostly(
        fc.array(
          mostly(
            partial({ type: fc.constant('function'), function: mostly(partial({ name: string, parameters: json })) }),
          ),
          { maxLength: 2 },
        ),
      ),
      tool_choice: mostly(fc.constantFrom('auto', 'required', 'none')),
      response_format: mostly(
        partial({ type: fc.constantFrom('text', 'json_object', 'json_schema'), json_schema: json }),
      ),
      reasoning_effort: mostly(fc.constantFrom('none', 'low')),
      stop: mostly(fc.oneof(string, fc.array(string))),
      max_tokens: mostly(fc.nat()),
      temperature: mostly(fc.double()),
      stream: mostly(fc.boolean()),
    })
    check(body, toAnthropic, openai.ask)
  })

  it('nor what an Anthropic client may send', () => {
    const source = partial({
      type: mostly(fc.constantFrom('base64', 'url', 'text', 'content')),
      media_type: mostly(string),
      data: mostly(string),
      url: mostly(string),
      content: json,
    })
    const block = partial({
      type: mostly(
        fc.constantFrom('text', 'image', 'document', 'tool_use', 'tool_result', 'thinking', 'search_result'),
      ),
      text: mostly(string),
      source: mostly(source),
      id: mostly(string),
      name: mostly(string),
      input: mostly(fc.dictionary(string, json)),
      tool_use_id: mostly(string),
      content: mostly(
        fc.oneof(string, fc.array(partial({ type: fc.constantFrom('text', 'image'), text: string, source }))),
      ),
      is_error: mostly(fc.boolean()),
    })
    const message = partial({
      role: mostly(fc.constantFrom('user', 'assistant', 'system')),
      content: mostly(fc.oneof(string, fc.array(mostly(block), { maxLength: 3 }))),
    })
    const body = partial({
      messages: mostly(fc.array(mostly(message), { maxLength: 4 })),
      system: mostly(fc.oneof(string, fc.array(partial({ type: fc.constant('text'), text: string })))),
      max_tokens: mostly(fc.nat()),
      tools: mostly(fc.array(mostly(partial({ name: string, input_schema: json })), { maxLength: 2 })),
      tool_choice: mostly(partial({ type: fc.constantFrom('auto', 'any', 'none', 'tool'), name: string })),
      thinking: mostly(partial({ type: fc.constantFrom('enabled', 'adaptive', 'disabled'), budget_tokens: fc.nat() })),
      output_config: mostly(partial({ effort: mostly(fc.constantFrom('low', 'max')), format: json })),
    })
    check(body, toOpenai, anthropic.ask)
  })

  function check(
    bodies: fc.Arbitrary<Json>,
    translate: (body: Json, options: EncodeOptions) => Json,
    ask: (body: Json) => unknown,
  ) {
    let accepted = 0
    fc.assert(
      fc.property(bodies, fc.constantFrom(PLAIN, THINKS), (body, options) => {
        for (const run of [() => translate(body, options), () => ask({ model: 'auto', ...body })]) {
          try {
            run()
            accepted++
          } catch (error) {
            if (!(error instanceof SwitchyardError)) throw error
            expect(error.status).toBe(400)
            expect(error.param).toBeDefined()
          }
        }
      }),
      { numRuns: 600 },
    )
    expect(accepted).toBeGreaterThan(50)
  }
})
