/** `GET /v1/models` in both vendors' formats: one path, told apart by the `anthropic-version` header. */
import type { Wire } from '../spec.ts'

export interface ListedModel {
  readonly id: string
  /** Seconds since the epoch. */
  readonly created: number
  /** Tokens. */
  readonly contextWindow?: number
  /** Tokens. */
  readonly maxOutput?: number
}

/** The whole list, on one page. */
export function renderModels(models: readonly ListedModel[], wire: Wire): Record<string, unknown> {
  const data = models.map((model) => renderModel(model, wire))
  if (wire === 'openai') return { object: 'list', data }
  return { data, has_more: false, first_id: models.at(0)?.id ?? null, last_id: models.at(-1)?.id ?? null }
}

/** One model, for `GET /v1/models/{id}`. */
export function renderModel(model: ListedModel, wire: Wire): Record<string, unknown> {
  if (wire === 'openai') return { id: model.id, object: 'model', created: model.created, owned_by: 'switchyard' }
  return {
    type: 'model',
    id: model.id,
    display_name: model.id,
    created_at: new Date(model.created * 1000).toISOString().replace('.000Z', 'Z'),
    lifecycle: 'active',
    line: null,
    max_input_tokens: model.contextWindow ?? null,
    max_tokens: model.maxOutput ?? null,
    capabilities: null,
    deprecated_at: null,
    retires_at: null,
  }
}
