/** What a client's model name means: a route with its λ, a candidate, or a provider's own model. */
import { SwitchyardError } from '../errors.ts'
import { nearestNames } from '../nearest.ts'
import type { Candidate } from '../spec.ts'
import type { LambdaLevels } from './lambda.ts'

export const LAMBDA_HEADER = 'x-switchyard-lambda'

/** A configured route as far as names and λ go. */
export interface RouteName {
  readonly name: string
  readonly levels: LambdaLevels
  /** Used when neither the model name nor the header nor the key says otherwise. */
  readonly lambda: number
}

/** Sends any model name that matches to one provider; `*` stands for any characters. The first match wins. */
export interface ModelPattern {
  readonly provider: string
  readonly pattern: string
}

export interface Names {
  readonly routes: readonly RouteName[]
  readonly candidates: readonly Candidate[]
  readonly patterns: readonly ModelPattern[]
}

export interface ResolveOptions {
  /** The value of the header `x-switchyard-lambda`. */
  readonly header?: string | undefined
  /** What the client's key says of λ. */
  readonly allowed?: { readonly lambda?: number; readonly minLambda?: number; readonly maxLambda?: number }
}

export type Resolution =
  | { readonly kind: 'route'; readonly route: string; readonly lambda: number }
  | { readonly kind: 'candidate'; readonly candidate: Candidate }
  | { readonly kind: 'provider'; readonly provider: string; readonly model: string }

/**
 * Exact names come first: a route, then a candidate. Then a route with a level or a number behind a colon (`auto:cheap`, `support:35`), then the
 * providers' patterns. λ is that of the model name, else of the header, else of the key, else of the route, within the key's bounds.
 *
 * Throws `model_not_found` with the nearest names, and `invalid_request` for a header that is no λ.
 */
export function resolveModel(asked: string, names: Names, { header, allowed = {} }: ResolveOptions = {}): Resolution {
  const exact = names.routes.find(({ name }) => name === asked)
  if (exact) return routed(exact, undefined)

  const candidate = names.candidates.find(({ id }) => id === asked)
  if (candidate) return { kind: 'candidate', candidate }

  const colon = asked.lastIndexOf(':')
  const route = names.routes.find(({ name }) => name === asked.slice(0, Math.max(0, colon)))
  if (route) {
    const lambda = parseLambda(asked.slice(colon + 1), route.levels)
    if (lambda !== undefined) return routed(route, lambda)
    throw new SwitchyardError(
      'model_not_found',
      `The route '${route.name}' has no '${shown(asked.slice(colon + 1))}'; after the colon goes best, auto, cheap or a number of 0 or more (quality per USD).`,
      { param: 'model' },
    )
  }

  const matching = names.patterns.find(({ pattern }) => matches(asked, pattern))
  if (matching) return { kind: 'provider', provider: matching.provider, model: asked }

  const known = [...names.routes.map(({ name }) => name), ...names.candidates.map(({ id }) => id)]
  throw new SwitchyardError(
    'model_not_found',
    `There is no model '${shown(asked)}'. Nearest names: ${nearestNames(asked, known).join(', ') || 'none, nothing is configured'}. GET /v1/models lists all.`,
    { param: 'model' },
  )

  function routed({ name, levels, lambda }: RouteName, fromName: number | undefined): Resolution {
    const chosen = fromName ?? headerLambda(header, levels) ?? allowed.lambda ?? lambda
    const { minLambda = 0, maxLambda = Number.POSITIVE_INFINITY } = allowed
    return { kind: 'route', route: name, lambda: Math.min(maxLambda, Math.max(minLambda, chosen)) }
  }
}

function headerLambda(header: string | undefined, levels: LambdaLevels): number | undefined {
  if (header === undefined) return undefined
  const lambda = parseLambda(header.trim(), levels)
  if (lambda !== undefined) return lambda
  throw new SwitchyardError(
    'invalid_request',
    `The header ${LAMBDA_HEADER} is '${shown(header)}'; it takes best, auto, cheap or a number of 0 or more (quality per USD).`,
    { param: LAMBDA_HEADER },
  )
}

function parseLambda(text: string, levels: LambdaLevels): number | undefined {
  if (text === 'best' || text === 'auto' || text === 'cheap') return levels[text]
  if (!/^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return undefined
  const lambda = Number(text)
  return Number.isFinite(lambda) ? lambda : undefined
}

/** Whole-name match where `*` stands for any characters, in time linear in the name for every literal of the pattern. */
function matches(name: string, pattern: string): boolean {
  const [first, ...rest] = pattern.split('*')
  const last = rest.pop()
  if (last === undefined) return name === pattern
  if (!name.startsWith(first!)) return false
  let at = first!.length
  for (const piece of rest) {
    const found = name.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  return name.length - last.length >= at && name.endsWith(last)
}

/** Client text in a message: enough to recognise it. */
function shown(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
