/**
 * Splits drawn anew by a hash of the prompt, so that the test split is like what was learned from. A set's own may be of another mix of tasks, and then a
 * policy that is better where it learned may be worse there.
 */
import { createHash } from 'node:crypto'
import type { Material } from '../guard/material.ts'

/** A third of the prompts is for the test. */
export function mixSplits(material: Material): Material {
  const queries = material.set.queries.map((query) => {
    const [byte] = createHash('sha256').update(query.prompt).digest()
    return { ...query, split: byte! % 3 === 0 ? 'test' : 'train' }
  })
  return { ...material, set: { ...material.set, queries } }
}
