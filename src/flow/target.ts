/** Where a request wants to go, and whether its key may send it there. */
import type { Principal } from '../admit/keys.ts'
import { SwitchyardError } from '../errors.ts'
import { LAMBDA_HEADER, resolveModel } from '../route/resolve.ts'
import type { Candidate } from '../spec.ts'
import type { Route, World } from './world.ts'

export type Target =
  | { readonly kind: 'route'; readonly route: Route; readonly lambda: number }
  | { readonly kind: 'model'; readonly candidate: Candidate }

/** Throws `model_not_found`, `invalid_request` for a header that is no λ, and `forbidden` for what the key may not ask. */
export function findTarget(
  world: World,
  asked: string,
  { principal, headers }: { principal: Principal; headers: Readonly<Record<string, string>> },
): Target {
  const { default: lambda, min: minLambda, max: maxLambda } = principal.lambda
  const allowed = {
    ...(lambda !== undefined && { lambda }),
    ...(minLambda !== undefined && { minLambda }),
    ...(maxLambda !== undefined && { maxLambda }),
  }
  const resolved = resolveModel(asked, world.names, { header: headers[LAMBDA_HEADER], allowed })
  if (resolved.kind === 'route') {
    const route = world.routes.get(resolved.route)
    if (!route) throw new SwitchyardError('internal', `Route "${resolved.route}" has a name but no candidates.`)
    if (principal.routes && !principal.routes.includes(route.name)) {
      throw new SwitchyardError(
        'forbidden',
        `Key "${principal.name}" may not use the route "${route.name}". It may use ${principal.routes.join(', ')}.`,
        { param: 'model' },
      )
    }
    return { kind: 'route', route, lambda: resolved.lambda }
  }
  if (!principal.models) {
    throw new SwitchyardError(
      'forbidden',
      `Key "${principal.name}" may use routes only, not the model "${asked.slice(0, 80)}".`,
      {
        param: 'model',
      },
    )
  }
  const candidate =
    resolved.kind === 'candidate' ? resolved.candidate : world.unlisted(resolved.provider, resolved.model)
  if (candidate.price === null && principal.usdPerDay !== undefined) {
    throw new SwitchyardError(
      'forbidden',
      `Key "${principal.name}" has a budget, and the price of the model "${asked.slice(0, 80)}" is not known here. Ask for another model; its price can be set in the gateway's configuration.`,
      { param: 'model' },
    )
  }
  return { kind: 'model', candidate }
}
