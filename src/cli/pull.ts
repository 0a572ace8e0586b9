/** `switchyard pull`: the log of another installation into the one here. */
import { isDeepStrictEqual } from 'node:util'
import * as z from 'zod'
import { SwitchyardError } from '../errors.ts'
import { type LogCopy, openCopy } from '../log/copy.node.ts'
import { decodePage } from '../log/page.ts'
import { COLUMNS } from '../log/rows.ts'
import { type ConfigArguments, requireConfig } from './config.ts'
import { logFile } from './log.ts'
import { counter, print } from './output.ts'
import { connectTo, type Remote, type RemoteArguments } from './remote.ts'

interface PullArguments extends ConfigArguments, RemoteArguments {
  readonly from: string
  readonly into?: string
  readonly json?: boolean
}

/**
 * Decisions come last, so that none is here without what was known of it. Activations are left out: which policies serve
 * is each installation's own, and a copied activation would put a policy in charge here.
 */
const TABLES = ['embeddings', 'attempts', 'outcomes', 'feedback', 'rewards', 'decisions'] as const
type Copied = (typeof TABLES)[number]

/** Rows in one answer; in a Worker all of them are in memory at once, with the texts where those are kept. */
const PAGE_ROWS = 500

const description = z.object({ log: z.string(), columns: z.record(z.string(), z.array(z.string())) })

/** Copies what is new since the last time; what a run that broke off has copied stays. */
export async function pull({ from, keyEnv, into, json, ...args }: PullArguments): Promise<void> {
  const { config } = await requireConfig(args)
  const remote = connectTo(from, { keyEnv })
  const source = await identify(remote)
  const place = { data: into ?? config.data }
  const copy = await openCopy({ file: logFile(place), durability: config.log.durability })
  const counts: Partial<Record<Copied, Count>> = {}
  try {
    for (const table of TABLES) counts[table] = await copyTable(table, { remote, source, copy })
  } finally {
    copy.close()
  }
  if (json) print(JSON.stringify({ from: remote.url, log: source, ...counts }))
  else print(describe(counts, { from: remote.url, into: logFile(place) }))
}

/** The name of the remote log, which stays the same when its address changes. Throws `data_invalid`. */
async function identify(remote: Remote): Promise<string> {
  const parsed = description.safeParse(await remote.ask('GET', '/v1/log'))
  if (!parsed.success) throw new SwitchyardError('data_invalid', `There is no Switchyard at ${remote.url}.`)
  const { log, columns } = parsed.data
  const other = TABLES.filter((table) => !isDeepStrictEqual(columns[table], COLUMNS[table]))
  if (other.length === 0) return log
  throw new SwitchyardError(
    'data_invalid',
    `The log at ${remote.url} is of another version: its columns of ${other.join(', ')} differ. Use the same version of Switchyard here and there.`,
  )
}

interface Count {
  /** Rows that came. */
  readonly read: number
  /** Rows of those that were new here, or newer than what was here. */
  readonly stored: number
}

async function copyTable(
  table: Copied,
  { remote, source, copy }: { readonly remote: Remote; readonly source: string; readonly copy: LogCopy },
): Promise<Count> {
  const bar = counter(table)
  let [read, stored] = [0, 0]
  try {
    for (;;) {
      const after = copy.cursor(source, table)
      const page = decodePage(table, await remote.ask('GET', `/v1/log/${table}?after=${after}&limit=${PAGE_ROWS}`))
      const { rows, next } = page
      if (next === null) return { read, stored }
      stored += copy.take(source, table, { rows, next })
      read += rows.length
      bar.update(read)
      // What is written meanwhile is for the next time; a busy gateway would never come to an end.
      if (rows.length < PAGE_ROWS) return { read, stored }
    }
  } finally {
    bar.stop()
  }
}

function describe(counts: Partial<Record<Copied, Count>>, { from, into }: { from: string; into: string }): string {
  const lines = Object.entries(counts).map(
    ([table, { read, stored }]) =>
      `  ${table}: ${stored.toLocaleString('en')} stored${read === stored ? '' : `, ${(read - stored).toLocaleString('en')} already there`}`,
  )
  return [`Copied the log of ${from} into ${into}:`, ...lines].join('\n')
}
