import { expect, it } from 'vitest'
import { costing } from './fixture.ts'
import { type Names, resolveModel } from './resolve.ts'

const levels = { best: 0, auto: 20, cheap: 900 }
const names: Names = {
  routes: [
    { name: 'auto', levels, lambda: 20 },
    { name: 'support', levels: { best: 0, auto: 5, cheap: 50 }, lambda: 7 },
  ],
  candidates: [costing('gpt-large', 1), costing('llama3:8b', 0.1)],
  patterns: [
    { provider: 'anthropic', pattern: 'claude-*' },
    { provider: 'tuned', pattern: 'ft:*:acme:*' },
  ],
}

it('reads routes, levels and numbers', () => {
  const lambda = (asked: string) => {
    const resolved = resolveModel(asked, names)
    return resolved.kind === 'route' ? [resolved.route, resolved.lambda] : null
  }
  expect(lambda('auto')).toEqual(['auto', 20])
  expect(lambda('auto:best')).toEqual(['auto', 0])
  expect(lambda('auto:cheap')).toEqual(['auto', 900])
  expect(lambda('auto:35')).toEqual(['auto', 35])
  expect(lambda('auto:0.5')).toEqual(['auto', 0.5])
  expect(lambda('support')).toEqual(['support', 7])
  expect(lambda('support:cheap')).toEqual(['support', 50])
})

it('takes λ from the name before the header before the key before the route, and keeps it in the key’s bounds', () => {
  const lambda = (asked: string, options: Parameters<typeof resolveModel>[2]) => resolveModel(asked, names, options)
  expect(lambda('auto:3', { header: '4', allowed: { lambda: 5 } })).toMatchObject({ lambda: 3 })
  expect(lambda('auto', { header: ' cheap ', allowed: { lambda: 5 } })).toMatchObject({ lambda: 900 })
  expect(lambda('auto', { allowed: { lambda: 5 } })).toMatchObject({ lambda: 5 })
  expect(lambda('auto:best', { allowed: { minLambda: 10 } })).toMatchObject({ lambda: 10 })
  expect(lambda('auto:cheap', { allowed: { maxLambda: 100 } })).toMatchObject({ lambda: 100 })
})

it('finds candidates by id, also with a colon, and other names by pattern', () => {
  expect(resolveModel('llama3:8b', names)).toEqual({ kind: 'candidate', candidate: names.candidates[1] })
  expect(resolveModel('claude-x', names)).toEqual({ kind: 'provider', provider: 'anthropic', model: 'claude-x' })
  expect(resolveModel('ft:gpt:acme:7', names)).toMatchObject({ provider: 'tuned' })
  expect(() => resolveModel('ft:gpt:acme', names)).toThrow(/no model/)
  expect(() => resolveModel('xclaude-x', names)).toThrow(/no model/)
})

it('refuses what is no λ', () => {
  for (const asked of ['auto:', 'auto:-1', 'auto:NaN', 'auto:Infinity', 'auto:1e999', 'auto:dear', 'auto:0x10']) {
    expect(() => resolveModel(asked, names), asked).toThrow(expect.objectContaining({ code: 'model_not_found' }))
  }
  expect(() => resolveModel('auto', names, { header: 'much' })).toThrow(
    expect.objectContaining({ code: 'invalid_request' }),
  )
})

it('names the nearest models for an unknown one, and does not echo an endless one', () => {
  expect(() => resolveModel('gpt-lrage', names)).toThrow(/Nearest names: gpt-large/)
  try {
    resolveModel('z'.repeat(10_000), names)
    expect.unreachable()
  } catch (error) {
    expect(String(error).length).toBeLessThan(400)
  }
})
