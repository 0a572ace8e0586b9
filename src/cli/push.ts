/** `switchyard push`: a policy of this installation to another one. */
import * as z from 'zod'
import type { ConfigArguments } from './config.ts'
import { print } from './output.ts'
import { readPolicyFile } from './policyFile.ts'
import { connectTo, type RemoteArguments } from './remote.ts'
import { percent, readShare } from './share.ts'

interface PushArguments extends ConfigArguments, RemoteArguments {
  readonly to: string
  readonly use?: boolean
  /** Share of the requests. */
  readonly canary?: string
  /** Kept in the log there. */
  readonly reason?: string
  readonly route: string
}

const activated = z.object({
  notes: z.array(z.string()),
  serves: z.object({
    policy: z.string().nullable(),
    refused: z.object({ policy: z.string(), reason: z.string() }).nullable(),
    canary: z.object({ policy: z.string().nullable(), share: z.number() }).nullable().default(null),
  }),
})

/** @param policy an id of a stored policy, or its beginning, or the path of a file */
export async function push(
  policy: string,
  { to, keyEnv, use, route, canary, reason, ...args }: PushArguments,
): Promise<void> {
  const share = canary === undefined ? undefined : readShare(canary)
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
  const answer = await remote.ask('POST', `/v1/routes/${encodeURIComponent(route)}/policy`, {
    policy: id,
    ...(share !== undefined && { share }),
    ...(reason !== undefined && { reason }),
  })
  const { notes, serves } = activated.parse(answer)
  for (const note of notes) print(note)
  if (serves.canary?.policy === id)
    print(`Route ${route}: it decides ${percent(serves.canary.share)} of the requests from now on.`)
  else if (serves.policy === id) print(`Route ${route} is served by it from now on.`)
  else
    print(`Route ${route} is to be served by it${serves.refused ? `, but: ${serves.refused.reason}` : ' in a moment.'}`)
}
