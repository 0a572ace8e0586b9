/** Reads what a judge wrote: the last JSON object in its answer that has what was asked for, since many think aloud first. */

export function lastObject(text: string, name: string): unknown {
  for (const match of [...text.matchAll(/\{[^{}]*\}/gu)].reverse()) {
    try {
      const json: unknown = JSON.parse(match[0])
      if (typeof json === 'object' && json !== null && name in json) return Reflect.get(json, name)
    } catch {}
  }
  return undefined
}
