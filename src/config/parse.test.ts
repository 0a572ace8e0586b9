import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Config, needsRestart, type Problem } from './config.ts'
import { parseConfig } from './parse.ts'
import type { Environment } from './resolve.providers.ts'
import { valueAt } from './walk.ts'

const base = {
  providers: { up: { kind: 'openai', baseUrl: 'https://up.example/v1' } },
  candidates: [{ id: 'small', provider: 'up', model: 'gpt-5.4-mini' }],
}
const model = { provider: 'up', model: 'own', contextWindow: 1000, price: null, capabilities: [] }

async function good(value: unknown, env: Environment = {}): Promise<Config> {
  const parsed = await parseConfig(value, env)
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems, null, 1))
  return parsed.config
}

async function bad(value: unknown, env: Environment = {}): Promise<readonly Problem[]> {
  const parsed = await parseConfig(value, env)
  return 'problems' in parsed ? parsed.problems : []
}

const paths = async (value: unknown, env: Environment = {}) => (await bad(value, env)).map(({ path }) => path).sort()
const upstream = (provider: object) => ({ ...base, providers: { up: { kind: 'openai', ...provider } } })
const digest = (text: string) => createHash('sha256').update(text).digest('hex')

describe('what is wrong is told at once', () => {
  it('tells schema problems and wrong references together, with their paths', async () => {
    const value = {
      server: { prot: 1, port: '80' },
      providers: { up: { kind: 'openai', baseUrl: 'ftp://x', apiKey: { env: 'NOPE' } }, odd: { kind: 'opnai' } },
      candidates: [
        { provider: 'up', model: 'x' },
        { ...model, id: 'a', provider: 'upp' },
        { ...model, id: 'a' },
        { id: 'b', provider: 'up', model: 'nobody-knows-this' },
      ],
      routes: { auto: { candidates: ['bb'], lambda: { best: 5, auto: 1 } } },
      keys: [{ name: 'k', sha256: 'abc', lambda: { min: 3, max: 1 }, routes: ['autos'] }],
      encodr: {},
    }
    expect(await paths(value)).toEqual(
      [
        'candidates[0].id',
        'candidates[1].provider',
        'candidates[2].id',
        'candidates[3].contextWindow',
        'encodr',
        'keys[0].lambda',
        'keys[0].routes[0]',
        'keys[0].sha256',
        'providers.odd.kind',
        'providers.up.apiKey.env',
        'providers.up.baseUrl',
        'routes.auto.candidates[0]',
        'routes.auto.lambda',
        'server.port',
        'server.prot',
      ].sort(),
    )
  })

  it('adds no problem that only follows from another', async () => {
    const value = {
      ...base,
      candidates: [
        { ...model, id: 7 },
        { ...model, id: 'b', provider: 'broken' },
      ],
      providers: { ...base.providers, broken: { kind: 'openai', baseUrl: 3 } },
      routes: { auto: { estimator: 'knnn', planner: 'utility' } },
      keys: [{ name: 'k', key: { env: 'not a name' } }],
    }
    expect(await paths(value)).toEqual([
      'candidates[0].id',
      'keys[0].key.env',
      'providers.broken.baseUrl',
      'routes.auto.estimator',
    ])
  })

  it.each([null, 'text', 3, [], [{}]])('%j is one problem, not a crash', async (value) => {
    expect(await bad(value)).toMatchObject([{ path: '' }])
  })

  it('is never a crash, whatever stands in the place of whatever', async () => {
    const whole = {
      ...base,
      server: { port: 1 },
      routes: { auto: { candidates: ['small'], lambda: { auto: 1 } } },
      keys: [{ name: 'k', sha256: digest('k') }],
      priors: { quality: { small: 0.1 } },
    }
    const places: string[][] = []
    const walk = (value: unknown, path: string[]) => {
      if (path.length > 0) places.push(path)
      if (typeof value === 'object' && value !== null) {
        for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key])
      }
    }
    walk(whole, [])
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...places), fc.jsonValue(), async (place, replacement) => {
        const value: unknown = JSON.parse(JSON.stringify(whole))
        const parent = valueAt(value, place.slice(0, -1))
        if (typeof parent === 'object' && parent !== null) Object.assign(parent, { [place.at(-1)!]: replacement })
        const parsed = await parseConfig(value, {})
        expect('config' in parsed || parsed.problems.length > 0).toBe(true)
      }),
    )
  })

  it('names what is missing in an empty file', async () => {
    expect(await paths({})).toEqual(['candidates', 'providers'])
  })

  it('quotes names that would make a path ambiguous', async () => {
    const value = { ...base, providers: { ...base.providers, 'a.b': { kind: 'demo', colour: 'red' } } }
    expect(await paths(value)).toEqual(['providers["a.b"].colour'])
  })
})

describe('hints', () => {
  it.each([
    [{ ...base, server: { maxBodyByte: 1 } }, 'Did you mean "maxBodyBytes"?'],
    [{ ...base, routes: { auto: { perset: 'knn' } } }, 'Did you mean "preset"?'],
    [{ ...base, routes: { auto: { preset: 'cost-awre' } } }, 'Did you mean "cost-aware"?'],
    [{ ...base, routes: { auto: { candidates: ['smal'] } } }, 'Did you mean "small"?'],
    [{ ...base, routes: { auto: { lambda: { chaep: 1 } } } }, 'Did you mean "cheap"?'],
  ])('%# names the nearest known one', async (value, text) => {
    const [problem, ...others] = await bad(value)
    expect(others).toEqual([])
    expect(problem?.message).toContain(text)
  })

  it('lists what is known where nothing is near', async () => {
    expect((await bad({ ...base, log: { zzzzzz: 1 } }))[0]?.message).toContain('Known: text, durability')
  })
})

describe('secrets', () => {
  it('come from the environment only, and no message repeats one', async () => {
    const secret = 'sk-live-51aa'
    const problems = await bad({
      ...upstream({ apiKey: secret, headers: { Authorization: secret, 'X-Api-Key': secret } }),
      keys: [
        { name: 'k', key: secret },
        { name: 'l', key: { env: secret } },
        { name: 'm', sha256: secret },
      ],
    })
    expect(problems.map(({ path }) => path)).toEqual([
      'providers.up.apiKey',
      'keys[0].key',
      'keys[1].key.env',
      'providers.up.headers.Authorization',
      'providers.up.headers.X-Api-Key',
      'keys[2].sha256',
    ])
    expect(JSON.stringify(problems)).not.toContain(secret)
  })

  it('are read and trimmed; empty is as good as not set', async () => {
    const value = upstream({ apiKey: { env: 'KEY' }, headers: { 'X-Team': 'red', 'X-Token': { env: 'TOKEN' } } })
    const { providers, secrets } = await good(value, { KEY: ' abc\n', TOKEN: 't' })
    expect(providers[0]).toMatchObject({ apiKey: 'abc', headers: { 'x-team': 'red', 'x-token': 't' } })
    expect(secrets).toEqual(['abc', 't'])
    expect(await paths(value, { KEY: ' ', TOKEN: 't' })).toEqual(['providers.up.apiKey.env'])
  })

  it('keeps of a client key only its digest', async () => {
    const value = {
      ...base,
      keys: [
        { name: 'web', key: { env: 'WEB' } },
        { name: 'app', sha256: digest('b').toUpperCase() },
      ],
    }
    const config = await good(value, { WEB: 'a-client-secret' })
    expect(config.keys.map(({ sha256 }) => sha256)).toEqual([digest('a-client-secret'), digest('b')])
    expect(JSON.stringify(config)).not.toContain('a-client-secret')
  })

  it('refuses the same secret for two keys, and a key that no client could send', async () => {
    const keys = [
      { name: 'a', key: { env: 'A' } },
      { name: 'b', sha256: digest('one') },
      { name: 'c', key: { env: 'C' } },
    ]
    expect(await paths({ ...base, keys }, { A: 'one', C: 'two words' })).toEqual(['keys[1]', 'keys[2].key'])
  })
})

describe('providers', () => {
  it.each([
    'up.example/v1',
    'ftp://up.example',
    'file:///etc/passwd',
    'https://user:pass@up.example/v1',
    'https://up.example/v1?',
    'https://up.example/v1?key=1',
    'https://up.example/v1#x',
    '',
  ])('refuses the base URL %j', async (baseUrl) => {
    expect(await paths(upstream({ baseUrl }))).toEqual(['providers.up.baseUrl'])
  })

  it.each([
    ['https://UP.example/v1/', 'https://up.example/v1'],
    ['http://127.0.0.1:9/a/v2//', 'http://127.0.0.1:9/a/v2'],
    ['https://up.example', 'https://up.example'],
  ])('takes the base URL %s as %s', async (baseUrl, resolved) => {
    expect((await good(upstream({ baseUrl }))).providers[0]?.baseUrl).toBe(resolved)
  })

  it('warns of a key that would travel in the clear, but not on this machine', async () => {
    const warnings = async (baseUrl: string) => {
      const parsed = await parseConfig(upstream({ baseUrl, apiKey: { env: 'K' } }), { K: 'k' })
      return 'warnings' in parsed ? parsed.warnings.map(({ path }) => path) : null
    }
    expect(await warnings('http://up.example/v1')).toEqual(['providers.up.baseUrl'])
    expect(await warnings('http://localhost:1/v1')).toEqual([])
    expect(await warnings('https://up.example/v1')).toEqual([])
  })

  it.each(['Host', 'content-length', 'Transfer-Encoding', 'bad name', ''])('refuses the header %j', async (name) => {
    expect(await bad(upstream({ headers: { [name]: 'x' } }))).toHaveLength(1)
  })

  it('refuses a header value that would end the header', async () => {
    expect(await bad(upstream({ headers: { 'x-a': 'a\r\nhost: b' } }))).toHaveLength(1)
  })

  it('tries lists of model names before "*", whatever their order', async () => {
    const { patterns } = await good({
      ...base,
      providers: {
        up: { kind: 'openai', models: '*' },
        claude: { kind: 'anthropic', models: ['claude-*', 'opus'] },
        none: { kind: 'demo' },
      },
    })
    expect(patterns).toEqual([
      { provider: 'claude', pattern: 'claude-*' },
      { provider: 'claude', pattern: 'opus' },
      { provider: 'up', pattern: '*' },
    ])
  })
})

describe('candidates', () => {
  it('are filled in from the catalogue; what the file says wins', async () => {
    const { candidates } = await good({
      ...base,
      candidates: [
        { id: 'known', provider: 'up', model: 'gpt-5.4-mini-2026-03-17' },
        { id: 'told', provider: 'up', model: 'gpt-5.4-mini', price: null, contextWindow: 9, capabilities: ['audio'] },
      ],
    })
    expect(candidates[0]).toMatchObject({ wire: 'openai', contextWindow: 400_000, tags: [] })
    expect(candidates[0]?.price?.inputPerMTok).toBeGreaterThan(0)
    expect(candidates[0]?.capabilities.has('tools')).toBe(true)
    expect(candidates[1]).toMatchObject({ price: null, contextWindow: 9 })
    expect([...candidates[1]!.capabilities]).toEqual(['audio'])
  })

  it('that the catalogue does not know need a context window; their cost stays unknown, with a warning', async () => {
    const candidates = [{ id: 'own', provider: 'up', model: 'my-fine-tune-7' }]
    expect(await paths({ ...base, candidates })).toEqual(['candidates[0].contextWindow'])
    const parsed = await parseConfig({ ...base, candidates: [{ ...candidates[0], contextWindow: 4096 }] }, {})
    if ('problems' in parsed) throw new Error('refused')
    expect(parsed.config.candidates[0]).toMatchObject({ price: null, contextWindow: 4096 })
    expect(parsed.warnings.map(({ path }) => path)).toEqual(['candidates[0].price', 'candidates[0].capabilities'])
  })

  it('take priors from either place, but not from both', async () => {
    const value = { ...base, priors: { quality: { small: 0.4 } } }
    expect((await good(value)).candidates[0]?.priors).toEqual({ quality: 0.4 })
    const both = { ...value, candidates: [{ ...base.candidates[0], priors: { quality: 0.5 } }] }
    expect(await paths(both)).toEqual(['candidates[0].priors.quality'])
    expect(await paths({ ...base, priors: { quality: { smal: 0.4 } } })).toEqual(['priors.quality.smal'])
  })

  it('cannot share a name with a route, which a client could not tell apart', async () => {
    expect(await paths({ ...base, routes: { small: {} } })).toEqual(['candidates[0].id'])
  })

  it('cannot have a colon in their id, which would read as a preference', async () => {
    expect(await paths({ ...base, candidates: [{ ...model, id: 'a:best' }] })).toEqual(['candidates[0].id'])
  })
})

describe('routes', () => {
  it('default to `auto` over all candidates', async () => {
    expect((await good(base)).routes).toEqual([
      {
        name: 'auto',
        router: { preset: 'cost-aware' },
        candidates: ['small'],
        lambda: {},
        limits: {},
        exploration: { maxLoss: 0.2 },
      },
    ])
  })

  it('take a preset or a pair, and a number for λ', async () => {
    const { routes } = await good({
      ...base,
      routes: {
        a: { estimator: 'knn', planner: 'utility', lambda: 3 },
        b: { preset: 'knn', limits: { minQuality: 0.5 } },
      },
    })
    expect(routes.map(({ router, lambda, limits }) => ({ router, lambda, limits }))).toEqual([
      { router: { estimator: 'knn', planner: 'utility', plannerOptions: {} }, lambda: { auto: 3 }, limits: {} },
      { router: { preset: 'knn' }, lambda: {}, limits: { minQuality: 0.5 } },
    ])
  })

  it.each([{ estimator: 'knn' }, { planner: 'utility' }, { preset: 'knn', estimator: 'knn', planner: 'utility' }])(
    'refuse %j',
    async (route) => {
      expect(await paths({ ...base, routes: { auto: route } })).toEqual(['routes.auto'])
    },
  )

  it('take what a planner needs, and refuse what it does not know or cannot do', async () => {
    const pair = (planner: string, plannerOptions?: object) => ({
      ...base,
      routes: { auto: { estimator: 'knn', planner, ...(plannerOptions && { plannerOptions }) } },
    })
    expect((await good(pair('budget', { usdPerThousand: 2 }))).routes[0]!.router).toEqual({
      estimator: 'knn',
      planner: 'budget',
      plannerOptions: { usdPerThousand: 2 },
    })
    await good(pair('balance', { quotas: { small: 0.4 } }))
    const at = (...keys: string[]) => keys.map((key) => `routes.auto.plannerOptions.${key}`)
    expect(await paths(pair('budget'))).toEqual(at('usdPerThousand'))
    expect(await paths(pair('hedge', { chance: 0.9, share: 0.5 }))).toEqual(at('share'))
    expect(await paths(pair('threshold', { strong: 'smal', weak: 'small', share: 1 }))).toEqual(at('strong'))
    expect(await paths(pair('threshold', { strong: 'small', weak: 'small', share: 1 }))).toEqual(at('weak'))
    expect(await paths(pair('balance', { quotas: { small: 0.7, other: 0.7 } }))).toEqual(at('quotas'))
  })

  it('refuse levels of λ that do not rise, and none at all', async () => {
    expect(await paths({ ...base, routes: { auto: { lambda: { best: 2, cheap: 1 } } } })).toEqual([
      'routes.auto.lambda',
    ])
    expect(await paths({ ...base, routes: {} })).toEqual(['routes'])
  })
})

describe('keys', () => {
  it.each(['0.0.0.0', '192.168.1.4', '::', 'gateway.example', '127.0.0.1.example'])(
    'are needed on %s',
    async (host) => {
      expect(await paths({ ...base, server: { host } })).toEqual(['server.host'])
      const keys = [{ name: 'k', sha256: digest('k') }]
      expect((await good({ ...base, server: { host }, keys })).server.host).toBe(host)
    },
  )

  it.each(['127.0.0.1', '127.8.0.3', 'localhost', '::1'])('are not needed on %s', async (host) => {
    expect((await good({ ...base, server: { host } })).keys).toEqual([])
  })

  it('resolve to what the key may do', async () => {
    const { keys } = await good({
      ...base,
      keys: [
        { name: 'all', sha256: digest('1'), admin: true },
        {
          name: 'some',
          sha256: digest('2'),
          routes: ['auto'],
          models: false,
          lambda: { default: 5, min: 1, max: 9 },
          limits: { requestsPerMinute: 60 },
        },
      ],
    })
    expect(keys.map(({ principal }) => principal)).toEqual([
      { name: 'all', models: true, exploration: true, admin: true, lambda: { min: 0 } },
      {
        name: 'some',
        routes: ['auto'],
        models: false,
        exploration: true,
        admin: false,
        lambda: { default: 5, min: 1, max: 9 },
        requestsPerMinute: 60,
      },
    ])
  })

  it.each([
    [{ name: 'k' }, 'keys[0]'],
    [{ name: 'k', sha256: digest('k'), key: { env: 'K' } }, 'keys[0]'],
    [{ name: 'k', sha256: 'g'.repeat(64) }, 'keys[0].sha256'],
    [{ name: 'k', sha256: digest('k'), lambda: { min: 2, max: 1 } }, 'keys[0].lambda'],
    [{ name: 'k', sha256: digest('k'), lambda: { default: 9, max: 1 } }, 'keys[0].lambda.default'],
    [{ name: 'k', sha256: digest('k'), routes: ['nope'] }, 'keys[0].routes[0]'],
  ])('refuse %j', async (key, path) => {
    expect(await paths({ ...base, keys: [key] }, { K: 'k' })).toEqual([path])
  })
})

it('says what a reload cannot change', async () => {
  const before = await good(base)
  const after = await good({
    ...base,
    server: { port: 1, maxBodyBytes: 5 },
    encoder: { driver: 'none' },
    log: { text: true },
  })
  expect(needsRestart(before, before)).toEqual([])
  expect(needsRestart(before, after)).toEqual(['server.port', 'encoder'])
})

describe('the encoder', () => {
  it.each([
    [{ driver: 'transformers' }, ['encoder.model']],
    [{ driver: 'remote' }, ['encoder.model', 'encoder.baseUrl', 'encoder.dim']],
    [{ driver: 'workers-ai' }, ['encoder.model', 'encoder.dim']],
    [{ driver: 'onnx', model: 'm' }, ['encoder.model']],
    [{ model: 'm', dim: 3, baseUrl: 'https://x.test/v1' }, ['encoder.model', 'encoder.baseUrl', 'encoder.dim']],
    [{ driver: 'none', apiKey: { env: 'X' }, shorten: true }, ['encoder.apiKey', 'encoder.shorten']],
    [{ driver: 'remote', model: 'm', dim: 3, baseUrl: 'ftp://x.test' }, ['encoder.baseUrl']],
    [
      { driver: 'remote', model: 'm', dim: 3, baseUrl: 'https://x.test', apiKey: { env: 'UNSET' } },
      ['encoder.apiKey.env'],
    ],
  ] as const)('has what its driver needs and nothing of another: %j', async (encoder, expected) => {
    expect(await paths({ ...base, encoder })).toEqual([...expected].sort())
  })

  it('waits longer for a service than for what is here, unless told how long', async () => {
    const remote = { driver: 'remote', model: 'm', dim: 3, baseUrl: 'https://x.test/v1/' } as const
    expect((await good(base)).encoder).toMatchObject({ driver: 'onnx', timeoutMs: 50 })
    expect((await good({ ...base, encoder: remote })).encoder).toMatchObject({
      timeoutMs: 1000,
      baseUrl: 'https://x.test/v1',
      apiKey: null,
    })
    expect((await good({ ...base, encoder: { ...remote, timeoutMs: 7 } })).encoder.timeoutMs).toBe(7)
  })

  it('has a key that counts among the secrets', async () => {
    const remote = {
      driver: 'remote',
      model: 'm',
      dim: 3,
      baseUrl: 'https://x.test/v1',
      apiKey: { env: 'EMBED' },
    } as const
    const parsed = await parseConfig({ ...base, encoder: remote }, { EMBED: 'sk-embedding' })
    expect(parsed).toMatchObject({ config: { encoder: { apiKey: 'sk-embedding' } } })
    expect('config' in parsed && parsed.config.secrets).toContain('sk-embedding')
  })
})
