/** Where the prompts of a bootstrap come from: a file, or the gateway's own log. */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { gunzipSync } from 'node:zlib'
import Sqlite from 'better-sqlite3'
import { asc, isNotNull } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import { FEATURES, isAllText } from '../../embed/features.ts'
import { makeQuery } from '../../embed/query.ts'
import { windowText } from '../../embed/window.ts'
import { SwitchyardError } from '../../errors.ts'
import { failureCode } from '../../log/failure.ts'
import { decisions } from '../../log/schema.ts'
import { type Message, type Prompt, parsePrompts } from '../../train/bootstrap/prompts.ts'
import type { OutcomeQuery } from '../../train/outcomes.ts'
import { dialects } from '../../wire/index.ts'

export interface PromptSource {
  readonly name: string
  readonly prompts: readonly Prompt[]
  /** Logged requests that cannot be asked again as they were. */
  readonly leftOut: number
}

/** JSON Lines, plain or as `.gz`. Throws `data_invalid`. */
export async function promptsOf(path: string): Promise<PromptSource> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new SwitchyardError('data_invalid', `${path} cannot be read.`, { cause })
  })
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
  return { name: basename(path), prompts: some(parsePrompts(text, path), path), leftOut: 0 }
}

/**
 * What clients asked, each once. The log keeps of a request what was embedded: only a request of one message that was embedded whole can be asked again as it was.
 * Throws `data_invalid` where the log has no texts.
 */
export function promptsOfLog(path: string): PromptSource {
  const rows = readTexts(path)
  if (rows.length === 0)
    throw new SwitchyardError(
      'data_invalid',
      `${path} has no prompt texts. Set {"log": {"text": true}} in the configuration, restart the gateway and let it serve; docs/privacy.md says what is stored then. Or write prompts to a file and give it as --prompts.`,
    )
  const whole = rows.flatMap(({ text, ...query }) => (text !== null && isOneMessage(text, query) ? [text] : []))
  const prompts = [...new Set(whole)].map((content, i) => ({
    id: `${i + 1}`,
    task: '',
    messages: [{ role: 'user' as const, content }],
  }))
  return { name: basename(path), prompts: some(prompts, path), leftOut: rows.length - whole.length }
}

function isOneMessage(
  text: string,
  { chars, features }: { readonly chars: number; readonly features: string },
): boolean {
  const known: number[] = JSON.parse(features)
  // Characters are counted over all messages, which a line break joins.
  return (
    text !== '' &&
    text.length === chars &&
    known.length === FEATURES.length &&
    isAllText(text, { chars, features: known })
  )
}

function readTexts(path: string) {
  let client: Sqlite.Database | undefined
  try {
    client = new Sqlite(path, { readonly: true, fileMustExist: true })
    return drizzle(client)
      .select({ text: decisions.queryText, chars: decisions.queryChars, features: decisions.features })
      .from(decisions)
      .where(isNotNull(decisions.queryText))
      .orderBy(asc(decisions.seq))
      .all()
  } catch (cause) {
    throw new SwitchyardError(
      'data_invalid',
      `${path} cannot be read as the log of a gateway (${failureCode(cause)}).`,
      { cause },
    )
  } finally {
    client?.close()
  }
}

function some(prompts: readonly Prompt[], path: string): readonly Prompt[] {
  if (prompts.length > 0) return prompts
  throw new SwitchyardError('data_invalid', `${path} holds no prompt that can be asked.`)
}

/** A prompt as the gateway would meet it. */
export function toOutcomeQuery({ id, task, messages }: Prompt): OutcomeQuery {
  const ask = dialects.openai.ask({ model: 'auto', messages })
  const text = windowText(ask.turns)
  const { features, inputTokens } = makeQuery(ask, text, null)
  return {
    id,
    task,
    split: 'train',
    prompt: asText(messages),
    logged: { text, features, inputTokens, vectors: new Map() },
  }
}

/** A conversation in one text; one message is itself. */
export function asText(messages: readonly Message[]): string {
  if (messages.length === 1) return messages[0]!.content
  return messages.map(({ role, content }) => `${role}: ${content}`).join('\n\n')
}
