/** What the tests of training share. */
import type { Candidate } from '../spec.ts'

/** As a recorded set has them: no claims, and tokens at 1 USD per million. */
export function recordedCandidate(id: string): Candidate {
  return {
    id,
    provider: 'replay',
    model: id,
    wire: 'openai',
    price: { inputPerMTok: 1, outputPerMTok: 1 },
    contextWindow: 1e6,
    capabilities: new Set(),
    tags: [],
  }
}
