/** The known names nearest to a mistyped one. Imports nothing; any room may import it. */

/** Characters compared: names from outside may be endless. */
const MAX_LENGTH = 64

/** The `count` names with the fewest edits to `asked`, nearest first, however far. */
export function nearestNames(asked: string, names: readonly string[], count = 3): string[] {
  return rank(asked, names)
    .slice(0, count)
    .map(({ name }) => name)
}

/** The nearest name, or `null` when none is near enough to be what was meant: a third of the characters may be wrong. */
export function meantName(asked: string, names: readonly string[]): string | null {
  const [best] = rank(asked, names)
  return best && best.edits <= Math.max(1, Math.floor(asked.length / 3)) ? best.name : null
}

function rank(asked: string, names: readonly string[]): { name: string; edits: number }[] {
  const cut = (name: string) => name.slice(0, MAX_LENGTH).toLowerCase()
  const wanted = cut(asked)
  return names.map((name) => ({ name, edits: countEdits(wanted, cut(name)) })).sort((a, b) => a.edits - b.edits)
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal string alignment). */
function countEdits(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      let edits = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, replaced)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        edits = Math.min(edits, rows[i - 2]![j - 2]! + 1)
      row.push(edits)
    }
    rows.push(row)
  }
  return rows[a.length]![b.length]!
}
