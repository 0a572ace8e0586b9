/** Looking into values of unknown shape. */

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What lies at `path`, own properties only; `undefined` when nothing does. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let here = value
  for (const segment of path) {
    if (Array.isArray(here)) here = here[Number(segment)]
    else if (isRecord(here) && Object.hasOwn(here, segment)) here = here[String(segment)]
    else return undefined
  }
  return here
}
