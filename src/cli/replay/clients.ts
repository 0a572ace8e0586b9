/** Sends prompts as applications do: through the vendors' official clients, half each, every other one streaming. */
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { REPLAY_KEY } from './gateways.ts'

export interface Asked {
  readonly row: number
  readonly lambda: number
  readonly via: 'openai' | 'openai stream' | 'anthropic' | 'anthropic stream'
  /** From the response header. */
  readonly decision: string
  /** Who answered, from the response header. */
  readonly model: string
  readonly text: string
}

interface AskOptions {
  readonly url: string
  readonly prompts: readonly { readonly row: number; readonly prompt: string }[]
  readonly lambdas: readonly number[]
  readonly concurrency: number
  /** The score that a client gives an answer before it asks on; none where nobody learns from it. */
  readonly scoreOf?: (asked: Asked) => number
  readonly onProgress: (done: number, total: number) => void
}

const MAX_TOKENS = 100_000

export async function askAll({
  url,
  prompts,
  lambdas,
  concurrency,
  scoreOf,
  onProgress,
}: AskOptions): Promise<Asked[]> {
  const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: REPLAY_KEY, maxRetries: 0 })
  const anthropic = new Anthropic({ baseURL: url, apiKey: REPLAY_KEY, maxRetries: 0 })
  const jobs = lambdas.flatMap((lambda) => prompts.map((one) => ({ ...one, lambda })))
  const asked: Asked[] = []
  let next = 0
  const work = async () => {
    for (let i = next++; i < jobs.length; i = next++) {
      const { row, prompt, lambda } = jobs[i]!
      const { via, ask } = ways[i % ways.length]!
      const one = { row, lambda, via, ...(await ask({ openai, anthropic }, `auto:${lambda}`, prompt)) }
      const { decision } = one
      if (scoreOf) await openai.post('/feedback', { body: { decision, value: scoreOf(one), source: 'check' } })
      asked.push(one)
      onProgress(asked.length, jobs.length)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  return asked
}

interface Clients {
  readonly openai: OpenAI
  readonly anthropic: Anthropic
}

type Ask = (clients: Clients, model: string, prompt: string) => Promise<Pick<Asked, 'decision' | 'model' | 'text'>>

const ways: readonly { readonly via: Asked['via']; readonly ask: Ask }[] = [
  {
    via: 'openai',
    ask: async ({ openai }, model, prompt) => {
      const messages = [{ role: 'user' as const, content: prompt }]
      const { data, response } = await openai.chat.completions.create({ model, messages }).withResponse()
      return { ...headersOf(response), text: data.choices[0]?.message.content ?? '' }
    },
  },
  {
    via: 'anthropic',
    ask: async ({ anthropic }, model, prompt) => {
      const body = { model, max_tokens: MAX_TOKENS, messages: [{ role: 'user' as const, content: prompt }] }
      const { data, response } = await anthropic.messages.create(body, { timeout: 60_000 }).withResponse()
      return {
        ...headersOf(response),
        text: data.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join(''),
      }
    },
  },
  {
    via: 'openai stream',
    ask: async ({ openai }, model, prompt) => {
      const messages = [{ role: 'user' as const, content: prompt }]
      const body = { model, messages, stream: true as const, stream_options: { include_usage: true } }
      const { data, response } = await openai.chat.completions.create(body).withResponse()
      let text = ''
      for await (const chunk of data) text += chunk.choices[0]?.delta.content ?? ''
      return { ...headersOf(response), text }
    },
  },
  {
    via: 'anthropic stream',
    ask: async ({ anthropic }, model, prompt) => {
      const body = {
        model,
        max_tokens: MAX_TOKENS,
        messages: [{ role: 'user' as const, content: prompt }],
        stream: true as const,
      }
      const { data, response } = await anthropic.messages.create(body).withResponse()
      let text = ''
      for await (const event of data)
        if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text
      return { ...headersOf(response), text }
    },
  },
]

function headersOf({ headers }: Response): Pick<Asked, 'decision' | 'model'> {
  return { decision: headers.get('x-switchyard-decision') ?? '', model: headers.get('x-switchyard-model') ?? '' }
}
