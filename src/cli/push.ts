/** `switchyard push`: a policy of this installation to another one. */
import * as z from 'zod'
import type { ConfigArguments } from './config.ts'
import { print } from './output.ts'
import { readPolicyFile } from './policyFile.ts'
import { connectTo, type RemoteArguments } from './remote.ts'

interface PushArguments extends ConfigArguments, RemoteArguments {
  readonly to: string
  readonly use?: boolean
  readonly route: string
}

const activated = z.object({
  notes: z.array(z.string()),
  serves: z.object({
    policy: z.string().nullable(),
    refused: z.object({ policy: z.string(), reason: z.string() }).nullable(),
  }),
})

/** @param policy an id of a stored policy, or its beginning, or the path of a file */
export async function push(policy: string, { to, keyEnv, use, route, ...args }: PushArguments): Promise<void> {
  const remote = connectTo(to, { keyEnv })
  const {
    bytes,
    policy: { id },
  } = await readPolicyFile(policy, args)
  await remote.ask('POST', '/v1/policies', bytes)
  print(`Stored policy ${id} at ${remote.url}.`)
  if (!use) {
    print(`Nothing serves it yet. Serve it with: switchyard push ${policy} --to ${to} --use`)
    return
  }
  const answer = await remote.ask('POST', `/v1/routes/${encodeURIComponent(route)}/policy`, { policy: id })
  const { notes, serves } = activated.parse(answer)
  for (const note of notes) print(note)
  if (serves.policy === id) print(`Route ${route} is served by it from now on.`)
  else
    print(`Route ${route} is to be served by it${serves.refused ? `, but: ${serves.refused.reason}` : ' in a moment.'}`)
}
