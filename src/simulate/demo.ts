/**
 * The provider kind `demo`: four small models of behaviour that need no key and no network, so that routing can be
 * tried at once. They are not language models. Each is good at something else, and every answer says that it is a demo.
 */
import type { Json, JsonObject } from '../spec.ts'
import { type Behaviour, countTokens, SimulatedRefusal, type SimulatedRequest } from './behaviour.ts'
import { arithmetic, codeFor, factFor, smallTalkFor } from './demo.skills.ts'

export const DEMO_MODELS = ['demo-chatty', 'demo-coder', 'demo-math', 'demo-sage'] as const
export type DemoModel = (typeof DEMO_MODELS)[number]

type Skill = (prompt: string) => string | null

/** In the order a model tries them; the first that has something to say answers. */
const SKILLS: Readonly<Record<DemoModel, readonly Skill[]>> = {
  'demo-chatty': [smallTalkFor, factFor],
  'demo-coder': [codeFor, smallTalkFor],
  'demo-math': [arithmetic, smallTalkFor],
  'demo-sage': [codeFor, arithmetic, factFor, smallTalkFor, reason],
}

const LATENCY_MS: Readonly<Record<DemoModel, number>> = {
  'demo-chatty': 20,
  'demo-coder': 40,
  'demo-math': 40,
  'demo-sage': 90,
}

/** What each says when none of its skills applies: plausible, and wrong. */
const OTHERWISE: Readonly<Record<DemoModel, string>> = {
  'demo-chatty': 'Oh, what a lovely question! I would say it depends, but honestly I am mostly here for a chat.',
  'demo-coder': 'I only know code well. Ask me for a function.',
  'demo-math': 'I only know arithmetic well. Ask me to compute something.',
  'demo-sage': 'I have weighed this and have nothing reliable to say about it.',
}

function isDemoModel(model: string): model is DemoModel {
  return DEMO_MODELS.some((name) => name === model)
}

export const demo: Behaviour = (request) => {
  const { model } = request
  if (!isDemoModel(model)) {
    throw new SimulatedRefusal(404, `The demo upstream has no model "${model}". It has ${DEMO_MODELS.join(', ')}.`)
  }
  const inputTokens = countTokens(request.chars)
  const latencyMs = LATENCY_MS[model]
  const call = toolCall(request)
  if (call) {
    const outputTokens = countTokens(JSON.stringify(call).length)
    return { text: '', toolCalls: [call], inputTokens, outputTokens, finish: 'tool_calls', latencyMs }
  }
  const answer = say(model, request)
  // JSON was asked for: a label around it would spoil it, so it goes inside where the schema leaves room.
  const text = request.json ? JSON.stringify(fill(request.json.schema ?? {}, answer)) : `${answer}\n\n${label(model)}`
  return { text, toolCalls: [], inputTokens, outputTokens: countTokens(text.length), finish: 'stop', latencyMs }
}

/** The note at the end of every demo answer. */
export function label(model: DemoModel): string {
  return `— ${model}, a demo of Switchyard: a scripted stand-in, not a language model.`
}

function say(model: DemoModel, { prompt, toolResults }: SimulatedRequest): string {
  if (toolResults.length > 0) return `The tool says: ${toolResults.join(' ')}`
  return know(model, prompt) ?? OTHERWISE[model]
}

/** What a model has to say by one of its skills; `null` where none applies. */
export function know(model: DemoModel, prompt: string): string | null {
  for (const skill of SKILLS[model]) {
    const answer = skill(prompt)
    if (answer !== null) return answer
  }
  return null
}

/** Calls a tool when the client insists, or when the prompt names one and no result has come back yet. */
function toolCall({
  tools,
  forceTool,
  toolResults,
  prompt,
}: SimulatedRequest): { name: string; arguments: JsonObject } | null {
  if (tools.length === 0 || toolResults.length > 0) return null
  const words = new Set(prompt.toLowerCase().match(/[a-z]+/gu))
  const named = tools.find(({ name }) =>
    name
      .toLowerCase()
      .split(/[^a-z]+/u)
      .some((part) => part.length > 3 && words.has(part)),
  )
  const tool =
    typeof forceTool === 'string'
      ? tools.find(({ name }) => name === forceTool)
      : (named ?? (forceTool ? tools[0] : undefined))
  if (!tool) return null
  const filled = fill(tool.schema, /([A-Z][\w-]+)\W*$/u.exec(prompt)?.[1] ?? prompt)
  return { name: tool.name, arguments: isObject(filled) ? filled : {} }
}

/** A value that satisfies a simple JSON schema, with `text` wherever a string is wanted. */
function fill(schema: Json, text: string): Json {
  if (!isObject(schema)) return text
  if (Array.isArray(schema.enum) && schema.enum.length > 0) return schema.enum[0] ?? null
  if (schema.type === 'number' || schema.type === 'integer') return Number(/-?\d+/u.exec(text)?.[0] ?? 0)
  if (schema.type === 'boolean') return true
  if (schema.type === 'array') return [fill(schema.items ?? {}, text)]
  if (!isObject(schema.properties)) return schema.type === 'string' ? text : { answer: text }
  return Object.fromEntries(Object.entries(schema.properties).map(([key, value]) => [key, fill(value, text)]))
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The sage's way with open questions: an outline that names what was asked. */
function reason(prompt: string): string | null {
  const asked =
    /\b(explain|compare|why|trade-?offs?|analy[sz]e|should|design|argue|pros and cons|implications?)\b/iu.exec(prompt)
  if (!asked) return null
  const topic = prompt.replace(/\s+/gu, ' ').slice(0, 120)
  return `On "${topic}": first what is given, then what follows from it, then what would change the conclusion. In short, it holds under its assumptions, and the weakest of them decides.`
}
