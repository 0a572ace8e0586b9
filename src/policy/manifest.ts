/** The manifest's schema: what is read from a policy file is parsed once, here, and trusted afterwards. */
import * as z from 'zod'
import { SwitchyardError } from '../errors.ts'
import type { JsonObject, PolicyManifest } from '../spec.ts'

const hex256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits')
const jsonObject: z.ZodType<JsonObject> = z.record(z.string(), z.json())
const unit = z.number().min(0).max(1)

const trainedOn = z.strictObject({
  source: z.string(),
  rows: z.int().min(0),
  sha256: z.string(),
  createdAt: z.string(),
  log: z
    .strictObject({ first: z.int().min(0), last: z.int().min(0), leftOut: z.record(z.string(), z.int().min(0)) })
    .exactOptional(),
})

const schema = z
  .strictObject({
    format: z.literal(1),
    estimator: z.strictObject({ name: z.string().min(1), version: z.int().min(0), params: jsonObject }),
    guard: z.strictObject({
      shrink: unit,
      minSupport: unit,
      quality: z.array(unit),
      outputTokens: z.array(z.number().min(0)),
      inputTokens: z.strictObject({ mean: z.number().min(0), max: z.number().min(0) }).exactOptional(),
      evidence: jsonObject,
    }),
    planner: z.strictObject({
      name: z.string().min(1),
      version: z.int().min(0).exactOptional(),
      options: jsonObject,
    }),
    encoder: z.strictObject({
      id: z.string().min(1),
      precision: z.string(),
      dim: z.int().min(0),
      sha256: z.union([hex256, z.literal('')]),
      exact: z.literal(true).exactOptional(),
    }),
    features: z.array(z.string()),
    candidates: z.array(z.string().min(1)).min(1),
    trainedOn,
    metrics: jsonObject,
    onboarded: z.array(trainedOn.extend({ candidate: z.string().min(1) })).exactOptional(),
    parent: hex256.exactOptional(),
    labels: z.array(z.string()).exactOptional(),
  })
  .refine((m) => new Set(m.candidates).size === m.candidates.length, 'a candidate is listed twice')
  .refine(
    (m) => m.guard.quality.length === m.candidates.length && m.guard.outputTokens.length === m.candidates.length,
    'the guard does not have one entry per candidate',
  )

/** Parses a manifest from its JSON text. Throws `policy_damaged` with every problem and its path. */
export function parseManifest(text: string): PolicyManifest {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new SwitchyardError('policy_damaged', 'The policy’s manifest is not JSON.', { cause })
  }
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'manifest'}: ${issue.message}`)
  throw new SwitchyardError(
    'policy_damaged',
    `The policy’s manifest is not one this version understands (${problems.join('; ')}). Train it again, or use the version that wrote it.`,
  )
}

/** JSON with sorted keys and no blanks, so that equal values have equal bytes. Throws on what JSON cannot hold. */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`${value} has no JSON form`)
  if (value === null || typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string')
    return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object') throw new TypeError(`${typeof value} has no JSON form`)
  const entries = Object.entries(value)
    .filter(([, entry]) => entry !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${canonicalJson(entry)}`).join(',')}}`
}
