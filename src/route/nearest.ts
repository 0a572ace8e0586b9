/** Suggestions for a mistyped name. */

const MAX_LENGTH = 64

/** The `count` names with the fewest edits to `asked`, nearest first. */
export function nearestNames(asked: string, names: readonly string[], count = 3): string[] {
  const wanted = asked.slice(0, MAX_LENGTH).toLowerCase()
  return names
    .map((name) => ({ name, distance: edits(wanted, name.slice(0, MAX_LENGTH).toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, count)
    .map(({ name }) => name)
}

/** Levenshtein distance. */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
