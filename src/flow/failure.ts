/** A failure as the client's dialect says it. */
import { toSwitchyardError } from '../errors.ts'
import { describeError } from '../log/console.ts'
import type { Dialect } from '../wire/index.ts'
import type { Deps } from './deps.ts'

/** Renders anything thrown; what is not ours is logged in full and told in general. */
export function renderFailure(
  { logger }: Pick<Deps, 'logger'>,
  thrown: unknown,
  {
    dialect,
    requestId,
    headers = {},
  }: { dialect: Dialect; requestId: string; headers?: Readonly<Record<string, string>> },
): Response {
  const error = toSwitchyardError(thrown)
  if (error.code === 'internal') logger.error('request_failed', { request: requestId, ...describeError(thrown) })
  const rendered = dialect.renderError(error, requestId)
  return new Response(rendered.body, { status: rendered.status, headers: { ...rendered.headers, ...headers } })
}
