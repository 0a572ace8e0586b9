import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Config } from './config.ts'
import { DEMO_CANDIDATES } from './demo.ts'
import { environmentConfig } from './environment.ts'
import { parseConfig } from './parse.ts'
import type { Environment } from './resolve.providers.ts'

async function from(env: Environment): Promise<Config> {
  const parsed = await parseConfig(environmentConfig(env), env)
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems))
  expect(parsed.warnings).toEqual([])
  return parsed.config
}

describe('without a file', () => {
  it('serves the demo when there is no key', async () => {
    const { providers, candidates, patterns } = await from({ OPENAI_API_KEY: ' ' })
    expect(providers).toMatchObject([{ id: 'demo', kind: 'demo', wire: 'openai', apiKey: null }])
    expect(candidates).toEqual(DEMO_CANDIDATES)
    expect(patterns).toEqual([])
  })

  it('asks clients for SWITCHYARD_KEY where it is set, and lets it administer', async () => {
    expect((await from({})).keys).toEqual([])
    const { keys } = await from({ SWITCHYARD_KEY: 'secret', OPENAI_API_KEY: 'o' })
    expect(keys).toMatchObject([{ principal: { name: 'default', admin: true } }])
    expect(keys[0]?.sha256).toBe(createHash('sha256').update('secret').digest('hex'))
    expect((await from({ SWITCHYARD_KEY: 'secret' })).keys).toHaveLength(1)
  })

  it('sends claude-* to Anthropic and the rest to OpenAI when there are both keys', async () => {
    const { patterns, providers } = await from({ OPENAI_API_KEY: 'o', ANTHROPIC_API_KEY: 'a' })
    expect(patterns).toEqual([
      { provider: 'anthropic', pattern: 'claude-*' },
      { provider: 'openai', pattern: '*' },
    ])
    expect(Object.fromEntries(providers.map(({ id, baseUrl, apiKey }) => [id, [baseUrl, apiKey]]))).toEqual({
      openai: ['https://api.openai.com/v1', 'o'],
      anthropic: ['https://api.anthropic.com/v1', 'a'],
    })
  })

  it.each([
    ['OPENAI_API_KEY', 'openai'],
    ['ANTHROPIC_API_KEY', 'anthropic'],
  ])('sends everything to one vendor when there is only %s', async (name, provider) => {
    const { patterns, candidates } = await from({ [name]: 'k' })
    expect(patterns).toEqual([{ provider, pattern: '*' }])
    expect(new Set(candidates.map((candidate) => candidate.provider))).toEqual(new Set([provider]))
  })

  it.each(['openai', 'anthropic'])(
    'has a priced pool of %s that rises in price and can use tools',
    async (provider) => {
      const { candidates } = await from({ OPENAI_API_KEY: 'o', ANTHROPIC_API_KEY: 'a' })
      const pool = candidates.filter((candidate) => candidate.provider === provider)
      const dearest = (tag: string) =>
        Math.max(
          ...pool.filter(({ tags }) => tags.includes(tag)).map(({ price }) => price?.outputPerMTok ?? Number.NaN),
        )
      expect(dearest('cheap')).toBeLessThan(dearest('middle'))
      expect(dearest('middle')).toBeLessThan(dearest('strong'))
      expect(pool.some(({ capabilities }) => capabilities.has('tools'))).toBe(true)
      expect(pool.every(({ maxOutput = 0, contextWindow }) => maxOutput > 0 && contextWindow > maxOutput)).toBe(true)
    },
  )

  it.each([
    [{ OPENAI_BASE_URL: 'http://127.0.0.1:9/v1/' }, 'openai', 'http://127.0.0.1:9/v1'],
    [{ OPENAI_BASE_URL: 'http://127.0.0.1:9' }, 'openai', 'http://127.0.0.1:9'],
    [{ OPENAI_BASE_URL: '' }, 'openai', 'https://api.openai.com/v1'],
    [{ ANTHROPIC_BASE_URL: 'http://127.0.0.1:9' }, 'anthropic', 'http://127.0.0.1:9/v1'],
    [{ ANTHROPIC_BASE_URL: 'http://127.0.0.1:9/proxy/' }, 'anthropic', 'http://127.0.0.1:9/proxy/v1'],
    [{ ANTHROPIC_BASE_URL: 'http://127.0.0.1:9/v1' }, 'anthropic', 'http://127.0.0.1:9/v1'],
  ])('reads %j as the SDK does', async (urls, id, baseUrl) => {
    const { providers } = await from({ OPENAI_API_KEY: 'o', ANTHROPIC_API_KEY: 'a', ...urls })
    expect(providers.find((provider) => provider.id === id)?.baseUrl).toBe(baseUrl)
  })
})
