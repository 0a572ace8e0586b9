/** An encoder of Cloudflare's Workers AI, through the binding that a Worker has to it. The text leaves the Worker. */
import { SwitchyardError } from '../errors.ts'
import type { Encoder } from '../spec.ts'
import { createServiceEncoder, malformed, type ServiceOptions } from './service.ts'

/** The part of the binding `AI` that is used. */
export interface WorkersAi {
  run(model: string, input: { readonly text: readonly string[] }): Promise<unknown>
}

/**
 * Asks nothing before the first text. `embed` rejects with `upstream_error` when the call fails and `upstream_malformed`
 * when its answer is not `{ data: number[][] }`.
 *
 * See developers.cloudflare.com/workers-ai/models, Text Embeddings: up to 100 texts a call, `data` in the order of the texts.
 */
export async function createWorkersAiEncoder(ai: WorkersAi, { model, dim }: ServiceOptions): Promise<Encoder> {
  return createServiceEncoder({ model, dim }, async (texts) => {
    const answer = await ai.run(model, { text: texts }).catch((cause: unknown) => {
      throw new SwitchyardError('upstream_error', `Workers AI could not run the model "${model}".`, { cause })
    })
    const data = typeof answer === 'object' && answer !== null && 'data' in answer ? answer.data : null
    if (!Array.isArray(data)) throw malformed(model, 'no `data`')
    return data
  })
}

/** Whether a binding can run models. */
export function isWorkersAi(binding: unknown): binding is WorkersAi {
  return typeof binding === 'object' && binding !== null && 'run' in binding && typeof binding.run === 'function'
}
