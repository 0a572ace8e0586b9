/** What a policy says of its cascade, read with checks: a damaged one fails when it is loaded. */
import type { Json, JsonObject } from '../../src/spec.ts'
import type { ByOutcome, Check, Pair, Sure } from '../cascade/checks.ts'
import type { FittedChecks, ProvenChecks } from '../cascade/fitChecks.ts'
import { readNumber } from './params.ts'

export interface CascadeParams extends FittedChecks {
  readonly maxSteps: number
  readonly maxLatencyMs: number
  /** Ids, the order of everything per candidate. */
  readonly candidates: readonly string[]
  /** What is expected of each on average, in logits. */
  readonly usual: readonly number[]
  /** In place of the same without, where it can be heard how sure candidates are of their words. */
  readonly hearing?: ProvenChecks
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
    ...readChecks(params, each),
    ...(params.hearing !== undefined && { hearing: readChecks(object(params.hearing, 'hearing'), each) }),
  }
}

/** @param each rows of numbers, one per candidate */
function readChecks(params: JsonObject, each: (value: Json | undefined, name: string) => number[][]): ProvenChecks {
  return {
    checks: list(params, 'checks').map((value): Check => {
      const { members, agree, right, differ, sure } = object(value, 'checks')
      const differing = each(differ, 'checks')
      return {
        members: pair(members, (m) => m in differing),
        agree: numbers(agree, 'checks'),
        right: numbers(right, 'checks'),
        differ: differing,
        ...(sure !== undefined && { sure: readSure(object(sure, 'checks'), each) }),
      }
    }),
    proven: list(params, 'proven').map((value) => {
      const { lambda, gain, low } = object(value, 'proven')
      const [l, g, w] = numbers([lambda ?? null, gain ?? null, low ?? null], 'proven')
      return { lambda: l!, gain: g!, low: w! }
    }),
  }
}

function readSure(
  { agree, differ }: JsonObject,
  each: (value: Json | undefined, name: string) => number[][],
): ByOutcome<Sure> {
  const read = (value: Json | undefined): Sure | null => {
    if (value === null) return null
    const { weights, seen } = object(value ?? damaged('checks'), 'checks')
    if (!Array.isArray(seen) || seen.length === 0) return damaged('checks')
    return { weights: each(weights, 'checks'), seen: seen.map((one) => pair(one)) }
  }
  return { agree: read(agree), differ: read(differ) }
}

function pair(value: Json | undefined, holds: (one: number) => boolean = () => true): Pair<number> {
  const [a, b, ...rest] = numbers(value, 'checks')
  return a !== undefined && b !== undefined && rest.length === 0 && holds(a) && holds(b) ? [a, b] : damaged('checks')
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
