/** Where two policies differ, as far as their manifests say. */
import type { Json, PolicyManifest } from '../spec.ts'

export interface Difference {
  /** Names from the outside in, joined by dots; a candidate's name ends those of the constant. */
  readonly path: string
  /** Absent: not there. */
  readonly a?: Json
  readonly b?: Json
}

/** In the order of the manifest, per-candidate constants by candidate. */
export function diffManifests(a: PolicyManifest, b: PolicyManifest): Difference[] {
  const [one, other] = [a, b].map((manifest) => new Map(leaves(view(manifest))))
  const paths = [...new Set([...one!.keys(), ...other!.keys()])]
  return paths.flatMap((path) => {
    const [before, after] = [one!.get(path), other!.get(path)]
    if (JSON.stringify(before) === JSON.stringify(after)) return []
    return [{ path, ...(before !== undefined && { a: before }), ...(after !== undefined && { b: after }) }]
  })
}

/** What is worth comparing; the guard's arrays by candidate, since two policies need not have the same order. */
function view({
  estimator,
  planner,
  guard,
  encoder,
  features,
  candidates,
  trainedOn,
  metrics,
  parent,
}: PolicyManifest): Json {
  const byCandidate = (values: readonly number[]) =>
    Object.fromEntries(candidates.map((id, c) => [id, values[c] ?? null]))
  return {
    estimator: { ...estimator },
    planner: { ...planner, version: planner.version ?? 1 },
    guard: {
      shrink: guard.shrink,
      minSupport: guard.minSupport,
      quality: byCandidate(guard.quality),
      outputTokens: byCandidate(guard.outputTokens),
    },
    encoder: { ...encoder },
    features: [...features],
    candidates: [...candidates].sort(),
    trainedOn: { ...trainedOn },
    metrics,
    parent: parent ?? null,
  }
}

/** Every value that is no object, by its path; lists count as one value. */
function leaves(value: Json, path = ''): [string, Json][] {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return [[path, value]]
  return Object.entries(value).flatMap(([name, inner]) => leaves(inner, path === '' ? name : `${path}.${name}`))
}
