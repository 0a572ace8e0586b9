/** A user's own prompts, as one line of a JSON Lines file says them. */
import * as z from 'zod'
import { SwitchyardError } from '../../errors.ts'

/** What a right answer must be; see `grade.ts`. */
const check = z.union([
  z.strictObject({ contains: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]) }),
  z.strictObject({ equals: z.string() }),
  z.strictObject({ regex: z.string().min(1) }),
  z.strictObject({ number: z.number(), tolerance: z.number().min(0).exactOptional() }),
  z.strictObject({ choice: z.string().regex(/^[A-Za-z]$/, 'a choice is one letter') }),
  z.strictObject({ json: z.union([z.literal(true), z.array(z.string().min(1)).min(1)]) }),
])

const message = z.strictObject({
  role: z.enum(['system', 'user', 'assistant']),
  content: z.string(),
})

const common = {
  id: z
    .union([z.string().min(1), z.number()])
    .transform(String)
    .exactOptional(),
  reference: z
    .union([z.string().min(1), z.number()])
    .transform(String)
    .exactOptional(),
  check: check.exactOptional(),
  task: z.string().exactOptional(),
}

/** What else is there, such as the split of a set, is not looked at. */
const line = z.union([
  z
    .string()
    .min(1)
    .transform((prompt) => ({ prompt })),
  z.object({ prompt: z.string().min(1), ...common }),
  z.object({ messages: z.array(message).min(1), ...common }),
])

export type Check = Readonly<z.infer<typeof check>>
export type Message = Readonly<z.infer<typeof message>>

export interface Prompt {
  readonly id: string
  readonly messages: readonly Message[]
  /** A right answer. */
  readonly reference?: string
  readonly check?: Check
  /** What it is about, where that is known. */
  readonly task: string
}

/**
 * The prompts of JSON Lines: each line a text, or `{prompt | messages, id?, reference?, check?, task?}`. Without an id a prompt is named by its line. A
 * conversation that comes twice is kept once. Throws `data_invalid` with the line at fault.
 * @param name of the file, for messages
 */
export function parsePrompts(text: string, name: string): Prompt[] {
  const prompts = new Map<string, Prompt>()
  for (const [i, written] of text.split('\n').entries()) {
    if (written.trim() === '') continue
    const prompt = parseLine(written, `${name}, line ${i + 1}`, `${i + 1}`)
    const key = JSON.stringify(prompt.messages)
    if (!prompts.has(key)) prompts.set(key, prompt)
  }
  return [...prompts.values()]
}

const EXAMPLE =
  'A line is a text in quotes, {"prompt": "…"} or {"messages": [{"role": "user", "content": "…"}]}, with "reference" or "check" where there is a right answer.'

function parseLine(written: string, where: string, fallbackId: string): Prompt {
  let json: unknown
  try {
    json = JSON.parse(written)
  } catch (cause) {
    throw new SwitchyardError('data_invalid', `${where} is not JSON. ${EXAMPLE}`, { cause })
  }
  const parsed = line.safeParse(json)
  if (!parsed.success) throw new SwitchyardError('data_invalid', `${where} is no prompt. ${EXAMPLE}`)
  const { data } = parsed
  if ('check' in data && data.check && 'regex' in data.check) checkRegex(data.check.regex, where)
  if (!('messages' in data)) {
    const { prompt, ...rest } = data
    return { id: fallbackId, task: '', ...rest, messages: [{ role: 'user', content: prompt }] }
  }
  if (data.messages.at(-1)?.role !== 'user')
    throw new SwitchyardError('data_invalid', `${where}: the last message must be the user's.`)
  return { id: fallbackId, task: '', ...data }
}

function checkRegex(source: string, where: string): void {
  try {
    new RegExp(source, 'u')
  } catch (cause) {
    throw new SwitchyardError('data_invalid', `${where}: the check's "regex" is none.`, { cause })
  }
}
