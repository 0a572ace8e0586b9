/** Configurations of tests: complete, so that no catalogue is read, and without an encoder where none matters. */
import type { ConfigInput } from '../src/config/schema.ts'

type ProviderInput = ConfigInput['providers'][string]
type VendorInput = Extract<ProviderInput, { kind: 'openai' | 'anthropic' }>

/** One server as two providers, one for each wire format. `baseUrl` has the API version. */
export function providersAt(
  baseUrl: string,
  more: Omit<VendorInput, 'kind' | 'baseUrl'> = {},
): { openai: VendorInput; anthropic: VendorInput } {
  const common = { baseUrl, retry: { baseDelayMs: 5, maxDelayMs: 20 }, ...more }
  return { openai: { kind: 'openai', ...common }, anthropic: { kind: 'anthropic', ...common } }
}

/** A candidate that can do everything; 1 USD per million tokens in, 4 out. */
export function candidateAt(
  provider: string,
  id: string,
  more: Partial<ConfigInput['candidates'][number]> = {},
): ConfigInput['candidates'][number] {
  return {
    id,
    provider,
    model: id,
    price: { inputPerMTok: 1, outputPerMTok: 4 },
    contextWindow: 100_000,
    maxOutput: 8_192,
    capabilities: ['tools', 'vision', 'json_schema'],
    ...more,
  }
}

export const NO_ENCODER = { driver: 'none' } as const
