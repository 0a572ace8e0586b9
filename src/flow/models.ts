/** `GET /v1/models`: the routes first, then the candidates that may be named. */
import type { Principal } from '../admit/keys.ts'
import { SwitchyardError } from '../errors.ts'
import type { Wire } from '../spec.ts'
import { type ListedModel, renderModel, renderModels } from '../wire/index.ts'
import type { Deps } from './deps.ts'
import type { World } from './world.ts'

/** The list, or one model with `id`. Throws `model_not_found`. */
export function listModels(
  { world }: Pick<Deps, 'world'>,
  { wire, principal, id }: { wire: Wire; principal: Principal; id?: string },
): Response {
  const models = visible(world(), principal)
  if (id === undefined) return Response.json(renderModels(models, wire))
  const model = models.find((one) => one.id === id)
  if (!model)
    throw new SwitchyardError('model_not_found', `There is no model "${id}". GET /v1/models lists them.`, {
      param: 'model',
    })
  return Response.json(renderModel(model, wire))
}

function visible({ names }: World, principal: Principal): ListedModel[] {
  const routes = names.routes.map(({ name }) => name).filter((name) => principal.routes?.includes(name) ?? true)
  return [
    ...routes.flatMap((name) => [name, `${name}:best`, `${name}:cheap`]).map((id) => ({ id, created: 0 })),
    ...(principal.models ? names.candidates.map((candidate) => ({ ...candidate, created: 0 })) : []),
  ]
}
