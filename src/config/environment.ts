/**
 * The configuration where there is no file: the vendors whose keys are in the environment with a pool of their current
 * models, or the demo. It is an ordinary configuration and goes through the same checks.
 */
import { DEMO_CANDIDATES } from './demo.ts'
import type { Environment } from './resolve.providers.ts'
import type { ConfigInput } from './schema.ts'

type CandidateInput = ConfigInput['candidates'][number]

/**
 * Cheap, middle and strong, and two of OpenAI's older models that take tools over chat completions, which its newest do
 * not. The priors say a model's place in its vendor's line-up of November 2026; they are no measurements.
 */
const POOL: Readonly<Record<'openai' | 'anthropic', readonly [model: string, tag: string, quality: number][]>> = {
  openai: [
    ['gpt-6-luna', 'cheap', 0.5],
    ['gpt-5.4-mini', 'cheap', 0.5],
    ['gpt-5.4', 'middle', 0.65],
    ['gpt-6.1-sol', 'middle', 0.7],
    ['gpt-6-astra', 'strong', 0.8],
  ],
  anthropic: [
    ['claude-haiku-5-5', 'cheap', 0.5],
    ['claude-sonnet-5-5', 'middle', 0.7],
    ['claude-opus-5-5', 'strong', 0.8],
  ],
}

/**
 * `OPENAI_API_KEY` and `ANTHROPIC_API_KEY` each bring a provider; `OPENAI_BASE_URL` (with the API version) and
 * `ANTHROPIC_BASE_URL` (without) mean what they mean to the official SDKs. With neither key: the demo. `SWITCHYARD_KEY` is the
 * one key that clients then have to send, and that may administer policies and log.
 */
export function environmentConfig(env: Environment): ConfigInput {
  const openai = isSet(env.OPENAI_API_KEY)
  const anthropic = isSet(env.ANTHROPIC_API_KEY)
  const keys: ConfigInput['keys'] = isSet(env.SWITCHYARD_KEY)
    ? [{ name: 'default', key: { env: 'SWITCHYARD_KEY' }, admin: true }]
    : []
  if (!openai && !anthropic) {
    return {
      providers: { demo: { kind: 'demo' } },
      keys,
      candidates: DEMO_CANDIDATES.map(({ wire: _, elsewhere: __, capabilities, tags, ...rest }) => ({
        ...rest,
        capabilities: [...capabilities],
        tags: [...tags],
      })),
    }
  }
  return {
    providers: {
      ...(anthropic && {
        anthropic: {
          kind: 'anthropic',
          baseUrl: anthropicBaseUrl(env.ANTHROPIC_BASE_URL),
          apiKey: { env: 'ANTHROPIC_API_KEY' },
          models: openai ? ['claude-*'] : '*',
        },
      }),
      ...(openai && {
        openai: {
          kind: 'openai',
          baseUrl: env.OPENAI_BASE_URL?.trim() || 'https://api.openai.com/v1',
          apiKey: { env: 'OPENAI_API_KEY' },
          models: '*',
        },
      }),
    },
    candidates: [...(openai ? pool('openai') : []), ...(anthropic ? pool('anthropic') : [])],
    keys,
  }
}

function pool(provider: 'openai' | 'anthropic'): CandidateInput[] {
  return POOL[provider].map(([model, tag, quality]) => ({
    id: model,
    provider,
    model,
    tags: [tag],
    priors: { quality },
  }))
}

/** The SDK appends `/v1/messages` to its base URL; ours holds the version, and must not hold it twice. */
function anthropicBaseUrl(text: string | undefined): string {
  const base = (text?.trim() || 'https://api.anthropic.com').replace(/\/+$/, '')
  return base.endsWith('/v1') ? base : `${base}/v1`
}

function isSet(value: string | undefined): boolean {
  return Boolean(value?.trim())
}
