/** Tables that are recognised by their columns. */
import { type ColumnNames, type Columns, listColumns, modelIn, type Prices } from './columns.ts'
import { parsePythonStrings } from './pythonStrings.ts'
import { dataInvalid, type Table } from './table.ts'

export interface Layout {
  readonly columns: Columns
  /** What a text stands for, prompt or answer, where it is not that itself. */
  readonly unwrap?: (text: string) => string
}

interface Published extends Pick<Layout, 'unwrap'> {
  /** A table is this one if it has these. */
  readonly columns: ColumnNames
  /** Named where the table has them. */
  readonly optional?: Readonly<Partial<ColumnNames>>
  readonly prices?: Prices
}

/** One row per query and model, in our own words. */
const LONG: Published = {
  columns: { prompt: 'prompt', model: 'model', quality: 'quality' },
  optional: {
    id: 'query_id',
    task: 'task',
    split: 'split',
    costUsd: 'cost_usd',
    inputTokens: 'input_tokens',
    outputTokens: 'output_tokens',
    latencyS: 'latency_s',
    answer: 'answer',
  },
}

/**
 * RouterBench (arXiv 2403.12031), `withmartian/routerbench` on the Hugging Face hub. Texts are lists of turns as Python
 * prints them. Prices are those of `TOKEN_COSTS` in its repository (routers/common.py), which the recorded costs follow.
 */
const ROUTERBENCH: Published = {
  columns: {
    prompt: 'prompt',
    task: 'eval_name',
    quality: '*',
    costUsd: '*|total_cost',
  },
  prices: {
    'WizardLM/WizardLM-13B-V1.2': [0.3, 0.3],
    'claude-instant-v1': [0.8, 2.4],
    'claude-v1': [8, 24],
    'claude-v2': [8, 24],
    'gpt-3.5-turbo-1106': [1, 2],
    'gpt-4-1106-preview': [10, 30],
    'meta/code-llama-instruct-34b-chat': [0.776, 0.776],
    'meta/llama-2-70b-chat': [0.9, 0.9],
    'mistralai/mistral-7b-chat': [0.2, 0.2],
    'mistralai/mixtral-8x7b-chat': [0.6, 0.6],
    'zero-one-ai/Yi-34B-Chat': [0.8, 0.8],
  },
  optional: { id: 'sample_id', split: 'split', answer: '*|model_response' },
  unwrap: (text) => parsePythonStrings(text)?.join('\n') ?? text,
}

/**
 * SPROUT (CARROT, arXiv 2502.03261), `CARROT-LLM-Routing/SPROUT` on the Hugging Face hub: a record per model. It has tokens and
 * no costs; prices are those of `SPROUT_COSTS` in the repository of its authors (`somerstep/CARROT`, carrot/constants.py).
 */
const SPROUT: Published = {
  columns: {
    prompt: 'prompt',
    task: 'dataset',
    quality: '*.score',
    inputTokens: '*.num_input_tokens',
    outputTokens: '*.num_output_tokens',
  },
  optional: { answer: '*.response' },
  prices: {
    'aws-claude-3-5-sonnet-v1': [3, 15],
    'aws-titan-text-premier-v1': [0.8, 3.2],
    'openai-gpt-4o': [2.5, 10],
    'openai-gpt-4o-mini': [0.15, 0.6],
    'wxai-granite-3-2b-instruct-8k-max-tokens': [0.1, 0.1],
    'wxai-granite-3-8b-instruct-8k-max-tokens': [0.2, 0.2],
    'wxai-llama-3-1-70b-instruct': [0.9, 0.9],
    'wxai-llama-3-1-8b-instruct': [0.2, 0.2],
    'wxai-llama-3-2-1b-instruct': [0.06, 0.06],
    'wxai-llama-3-2-3b-instruct': [0.06, 0.06],
    'wxai-llama-3-3-70b-instruct': [0.9, 0.9],
    'wxai-llama-3-405b-instruct': [3.5, 3.5],
    'wxai-mixtral-8x7b-instruct-v01': [0.6, 0.6],
  },
}

const PUBLISHED = [LONG, ROUTERBENCH, SPROUT]

/** How a table is to be read by the names of its columns alone. Throws `data_invalid` when they are not known. */
export function recognize(table: Table): Layout {
  for (const { columns, optional = {}, prices, ...layout } of PUBLISHED) {
    if (!Object.values(columns).every((name) => has(table, name))) continue
    const present = Object.fromEntries(Object.entries(optional).filter(([, name]) => has(table, name)))
    return { ...layout, columns: { ...columns, ...present, ...(prices && { prices }) } }
  }
  throw dataInvalid(
    table.path,
    `its columns are none that are known, so say what they hold: --columns '{"prompt": "…", "model": "…", "quality": "…"}', or without "model" and with a * for its name where each model has columns of its own; ${listColumns(table)}`,
  )
}

function has({ columns }: Table, name: string): boolean {
  return name.includes('*') ? columns.some((one) => modelIn(one, name) !== null) : columns.includes(name)
}
