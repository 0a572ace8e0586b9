/**
 * The sound part of a configuration that the schema refuses. It serves only to find further problems, so that all are
 * told at once, and never to run.
 */
import { type ConfigFile, configSchema } from './schema.ts'
import { isRecord, valueAt } from './walk.ts'

export interface Salvaged {
  readonly file: ConfigFile
  /** Where each entry that was kept stood before. */
  readonly order: { readonly candidates: readonly number[]; readonly keys: readonly number[] }
}

/** Takes out what is wrong, one finding after the other, until the rest passes; `null` when there is no rest. */
export function salvage(value: unknown): Salvaged | null {
  if (!isRecord(value)) return null
  const rest: Record<string, unknown> = structuredClone({ providers: {}, candidates: [], ...value })
  const order = { candidates: indexes(rest.candidates), keys: indexes(rest.keys) }
  for (;;) {
    const parsed = configSchema.safeParse(rest)
    if (parsed.success) return { file: parsed.data, order }
    const issue = parsed.error.issues[0]!
    const [key] = issue.code === 'unrecognized_keys' ? issue.keys : []
    if (!remove(key === undefined ? issue.path : [...issue.path, key])) return null
  }

  /** Takes out what is at `path`, or, where nothing is there or it has neighbours that would move, what holds it. */
  function remove(path: readonly PropertyKey[]): boolean {
    const last = path.at(-1)
    if (last === undefined) return false
    const above = path.slice(0, -1)
    const parent = valueAt(rest, above)
    if (Array.isArray(parent) && path.length === 2 && (above[0] === 'candidates' || above[0] === 'keys')) {
      parent.splice(Number(last), 1)
      order[above[0]].splice(Number(last), 1)
      return true
    }
    if (!isRecord(parent) || !Object.hasOwn(parent, last)) return remove(above)
    delete parent[String(last)]
    if (parent === rest && last === 'providers') rest.providers = {}
    if (parent === rest && last === 'candidates') rest.candidates = []
    return true
  }
}

function indexes(value: unknown): number[] {
  return Array.isArray(value) ? value.map((_, i) => i) : []
}
