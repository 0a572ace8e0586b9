import { describe, expect, it } from 'vitest'
import { loadCatalogue } from './catalogue.ts'

const openai = { kind: 'openai', baseUrl: 'https://api.openai.com/v1' }
const anthropic = { kind: 'anthropic', baseUrl: 'https://api.anthropic.com/v1' }

describe('catalogue', () => {
  it.each([
    [openai, 'gpt-5.4-mini', 'gpt-5.4-mini-2026-03-17'],
    [openai, 'gpt-6-luna', 'gpt-6-luna-2026-09-22'],
    [openai, 'gpt-6.1-sol', 'gpt-6.1-sol-2026-09-30'],
    [anthropic, 'claude-haiku-4-5', 'claude-haiku-4-5-20251001'],
    [anthropic, 'claude-sonnet-5-5', 'claude-sonnet-5-5-20260928'],
  ])('knows a dated snapshot by its family %#', async (provider, family, snapshot) => {
    const catalogue = await loadCatalogue()
    const facts = catalogue(provider, family)
    expect(facts.price?.outputPerMTok).toBeGreaterThan(facts.price?.inputPerMTok ?? Number.NaN)
    expect(facts.contextWindow).toBeGreaterThan(100_000)
    expect(catalogue(provider, snapshot)).toEqual(facts)
  })

  it('takes the price in force at the time', async () => {
    const price = async (day: string) => (await loadCatalogue(new Date(day)))(openai, 'o3').price?.inputPerMTok
    expect(await price('2025-05-01')).toBe(10)
    expect(await price('2026-05-01')).toBe(2)
  })

  it('does not price one model as its neighbour', async () => {
    const catalogue = await loadCatalogue()
    expect(catalogue(anthropic, 'claude-haiku-5-5').price).not.toEqual(catalogue(anthropic, 'claude-haiku-4-5').price)
    for (const model of ['gpt-6-nonsense', 'llama3:8b', '']) {
      expect(catalogue(openai, model)).toMatchObject({ price: null, contextWindow: null })
    }
  })

  it('knows a seller by its address, and takes an unknown one to ask list prices', async () => {
    const catalogue = await loadCatalogue()
    const at = (baseUrl: string) => catalogue({ kind: 'openai', baseUrl }, 'mistral-large-latest').price
    expect(at('https://api.mistral.ai/v1')).not.toBeNull()
    expect(at('https://api.openai.com/v1')).toBeNull()
    const local = catalogue({ kind: 'openai', baseUrl: 'http://127.0.0.1:9/v1' }, 'gpt-4o')
    expect(local).toEqual(catalogue(openai, 'gpt-4o'))
  })

  it('offers the newest OpenAI models no tools on this wire, and older ones do have them', async () => {
    const catalogue = await loadCatalogue()
    const tools = (model: string) => catalogue(openai, model).capabilities?.includes('tools')
    expect(['gpt-6-astra', 'gpt-6.1-sol', 'gpt-5.6-luna'].map(tools)).toEqual([false, false, false])
    expect(['gpt-5.4', 'gpt-5.4-mini', 'gpt-4o'].map(tools)).toEqual([true, true, true])
  })
})
