/** What a policy says of its cascade, read with checks: a damaged one fails when it is loaded. */
import type { Json, JsonObject } from '../../src/spec.ts'
import type { Check } from '../cascade/checks.ts'
import type { FittedChecks } from '../cascade/fitChecks.ts'
import { readNumber } from './params.ts'

export interface CascadeParams extends FittedChecks {
  readonly maxSteps: number
  readonly maxLatencyMs: number
  /** Ids, the order of everything per candidate. */
  readonly candidates: readonly string[]
  /** What is expected of each on average, in logits. */
  readonly usual: readonly number[]
}

/** Throws a `RangeError` where something is missing or does not fit the rest. */
export function readCascade(params: JsonObject): CascadeParams {
  const candidates = list(params, 'candidates').map((id) => (typeof id === 'string' ? id : damaged('candidates')))
  const each = (value: Json | undefined, name: string) => {
    const rows = Array.isArray(value) ? value.map((row) => numbers(row, name)) : damaged(name)
    return rows.length === candidates.length ? rows : damaged(name)
  }
  const usual = numbers(params.usual, 'usual')
  if (usual.length !== candidates.length) return damaged('usual')
  return {
    usual,
    maxSteps: readNumber(params, 'maxSteps'),
    maxLatencyMs: readNumber(params, 'maxLatencyMs'),
    candidates,
    alone: each(params.alone, 'alone'),
    checks: list(params, 'checks').map((value): Check => {
      const check = object(value, 'checks')
      const [a, b] = numbers(check.members, 'checks')
      if (a === undefined || b === undefined || !(a in candidates) || !(b in candidates)) return damaged('checks')
      return {
        members: [a, b],
        agree: numbers(check.agree, 'checks'),
        right: numbers(check.right, 'checks'),
        differ: each(check.differ, 'checks'),
      }
    }),
    proven: list(params, 'proven').map((value) => {
      const { lambda, gain, low } = object(value, 'proven')
      const [l, g, w] = numbers([lambda ?? null, gain ?? null, low ?? null], 'proven')
      return { lambda: l!, gain: g!, low: w! }
    }),
  }
}

function list(params: JsonObject, name: string): Json[] {
  const value = params[name]
  return Array.isArray(value) ? value : damaged(name)
}

function object(value: Json, name: string): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : damaged(name)
}

function numbers(value: Json | undefined, name: string): number[] {
  if (!Array.isArray(value)) return damaged(name)
  return value.map((one) => (typeof one === 'number' ? one : damaged(name)))
}

function damaged(name: string): never {
  throw new RangeError(`the cascade's '${name}' is missing or damaged; train the policy again`)
}
