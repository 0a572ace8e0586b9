/** Where the configuration comes from, what a bad one does, and a change of it under load. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { ConfigInput } from '../src/config/schema.ts'
import { ask, user } from './clients.ts'
import { candidateAt, NO_ENCODER } from './config.ts'
import { eventually, settled } from './decisions.ts'
import { newFolder, removeFolder, run, startGateway, writeConfig } from './gateway.ts'
import { startUpstream } from './upstream.ts'

const folder = newFolder()
afterAll(() => removeFolder(folder))

const demoWith = (id: string): ConfigInput => ({
  providers: { demo: { kind: 'demo' } },
  candidates: [candidateAt('demo', id, { model: 'demo-coder' })],
  encoder: NO_ENCODER,
})

describe('a change while requests are served', () => {
  it('is taken up by file and by signal without a dropped request; a bad one is refused', async () => {
    const gateway = await startGateway({ config: demoWith('one') })
    let over = false
    const models: (string | null)[] = []
    try {
      /** Asks one thing after another, half of it streaming; a failure fails the test. */
      const askOn = async (stream: boolean) => {
        while (!over) {
          const question = { model: 'auto', stream, turns: [user('Write a function for the factorial')] }
          const { text, headers } = await ask(stream ? 'anthropic' : 'openai', gateway.url, question)
          expect(text).toContain('factorial(n - 1)')
          models.push(headers.get('x-switchyard-model'))
        }
      }
      const clients = Promise.all([true, false, true, false].map(askOn))
      const reach = (look: () => boolean, what: string) =>
        Promise.race([eventually(() => (look() ? true : null), what), clients])
      const serves = (id: string) => reach(() => models.slice(-8).every((model) => model === id), `${id} serves`)
      const said = (event: string) => gateway.output().split(`"${event}"`).length - 1

      await reach(() => models.length >= 8, 'requests are served')
      writeConfig(gateway.folder, demoWith('two'))
      await serves('two')
      expect(new Set(models)).toEqual(new Set(['one', 'two']))

      writeFileSync(join(gateway.folder, 'switchyard.config.json'), '{"providers": {}, "candidates": 5, "colour": 1}')
      await reach(() => said('config_refused') > 0, 'the bad configuration is refused')
      const refusals = said('config_refused')
      gateway.process.kill('SIGHUP')
      await reach(() => said('config_refused') > refusals, 'it is refused by signal, too')
      for (const path of ['candidates', 'colour']) expect(gateway.output()).toContain(path)
      models.length = 0
      await reach(() => models.length >= 8, 'requests are served')
      expect(new Set(models)).toEqual(new Set(['two']))

      writeConfig(gateway.folder, demoWith('three'))
      await serves('three')
      const reloads = said('config_reloaded')
      gateway.process.kill('SIGHUP')
      await reach(() => said('config_reloaded') > reloads, 'the same file is loaded again by signal')
      over = true
      await clients
    } finally {
      over = true
      await gateway.discard()
    }
  })
})

describe('what a configuration holds in secret', () => {
  it('is not written to the console: header values too, and those of a later configuration', async () => {
    const secretive = (name: string, more: Partial<ConfigInput> = {}): ConfigInput => ({
      ...demoWith('one'),
      providers: {
        demo: { kind: 'demo' },
        vendor: { kind: 'openai', headers: { 'x-team': { env: name } } },
      },
      ...more,
    })
    // No pattern knows these words for secrets.
    const env = { EARLY: 'walrus-and-carpenter', LATE: 'cabbages-and-kings' }
    // A model that the catalogue does not know is named in a warning, an unknown provider in a refusal.
    const { price: _, ...named } = candidateAt('vendor', 'two', { model: env.EARLY })
    const config = secretive('EARLY', { candidates: [candidateAt('demo', 'one'), named] })
    const gateway = await startGateway({ config, env })
    const said = (event: string) => eventually(() => (gateway.output().includes(event) ? true : null), event)
    try {
      await said('config_warning')
      writeConfig(gateway.folder, secretive('LATE'))
      await said('config_reloaded')
      const bad = (provider: string) => ({ candidates: [candidateAt(provider, 'one')] })
      writeConfig(gateway.folder, secretive('LATE', bad(env.LATE)))
      await said('config_refused')
      expect(gateway.output()).toContain('[redacted]')
      for (const secret of Object.values(env)) expect(gateway.output()).not.toContain(secret)
    } finally {
      await gateway.discard()
    }
  })
})

describe('switchyard check', () => {
  it('prints every problem with its path and exits with 2', async () => {
    const { code, output } = await run(['check'], {
      folder,
      config: {
        ...demoWith('one'),
        // @ts-expect-error: an unknown key
        colour: 'blue',
        server: { port: 70_000 },
        providers: { demo: { kind: 'demo' }, vendor: { kind: 'openai', apiKey: { env: 'NOT_SET_ANYWHERE' } } },
        candidates: [candidateAt('demo', 'one'), candidateAt('demo', 'one'), candidateAt('dmeo', 'other')],
        routes: { auto: { candidates: ['twoo'] } },
      },
    })
    expect(code).toBe(2)
    const paths = [
      'colour',
      'server.port',
      'providers.vendor.apiKey.env',
      'candidates[1].id',
      'candidates[2].provider',
      'routes.auto.candidates[0]',
    ]
    for (const path of paths) expect(output).toContain(path)
    expect(output).toContain(`${paths.length} problems`)
    expect(output).not.toMatch(/^\s+at /m)
  })

  it('says of a good one what would be served', async () => {
    const { code, output } = await run(['check', '--json'], { folder, config: demoWith('one') })
    expect(code).toBe(0)
    expect(JSON.parse(output)).toMatchObject({ ok: true, routes: [{ name: 'auto', candidates: [{ id: 'one' }] }] })
  })
})

describe('an address that others can reach', () => {
  const config = demoWith('one')
  it.each([
    ['--host', ['--host', '0.0.0.0'], {}],
    ['HOST', [], { HOST: '::' }],
  ])('is refused without a client key, given by %s', async (from, args, env) => {
    const { code, output } = await run(['serve', '--port', '0', ...args], { folder, config, env })
    expect(code).toBe(2)
    expect(output).toContain('no client key is configured')
    expect(output).toContain(from)
    expect(output.trim().split('\n').length).toBeLessThanOrEqual(2)
  })
})

describe('without a file', () => {
  it.each([
    {
      vendor: 'openai',
      env: (origin: string) => ({ OPENAI_API_KEY: 'key-of-the-test', OPENAI_BASE_URL: `${origin}/v1` }),
      path: '/v1/chat/completions',
      pool: /^gpt-/,
      key: { authorization: 'Bearer key-of-the-test' },
    },
    {
      vendor: 'anthropic',
      env: (origin: string) => ({ ANTHROPIC_API_KEY: 'key-of-the-test', ANTHROPIC_BASE_URL: origin }),
      path: '/v1/messages',
      pool: /^claude-/,
      key: { 'x-api-key': 'key-of-the-test' },
    },
  ])('the variables of the $vendor SDK give a pool at that vendor', async ({ env, path, pool, key }) => {
    const upstream = await startUpstream()
    const gateway = await startGateway({ env: env(upstream.origin) })
    try {
      const levels = ['auto:best', 'auto', 'auto:cheap', 'a-model-of-tomorrow']
      for (const model of levels) {
        const { text, headers } = await ask('openai', gateway.url, { model, stream: false, turns: [user('Hi')] })
        expect(text).toContain('word1')
        expect(headers.get('x-switchyard-model')).toBe(upstream.received.at(-1)?.model)
        const { outcome } = await settled(gateway.url, headers.get('x-switchyard-decision'))
        expect(outcome.status).toBe('ok')
        // What the catalogue knows has a price; what nobody knows has none, rather than zero.
        if (model.startsWith('auto')) expect(outcome.costUsd).toBeGreaterThan(0)
        else expect(outcome.costUsd).toBeNull()
      }
      const models = upstream.received.map(({ model }) => model)
      expect(models.slice(0, 3).every((model) => pool.test(model))).toBe(true)
      expect(new Set(models.slice(0, 3)).size).toBeGreaterThan(1)
      expect(models[3]).toBe('a-model-of-tomorrow')
      for (const request of upstream.received) {
        expect(request.path).toBe(path)
        expect(request.headers).toMatchObject(key)
      }
    } finally {
      await gateway.discard()
      await upstream.close()
    }
  })
})
