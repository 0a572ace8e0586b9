/** Who was chosen. */

/** Share of the decisions that each of `models` candidates got; `chosen[i]` is the column chosen for query i. */
export function sharesOf(chosen: ArrayLike<number>, models: number): number[] {
  const counts = new Array<number>(models).fill(0)
  for (let i = 0; i < chosen.length; i++) counts[chosen[i]!]!++
  return counts.map((count) => count / chosen.length)
}

/** Entropy of the selection in bits, −Σ p · log₂ p: 0 of a constant, log₂ M of an even spread (E_p of RouterEval, arXiv 2503.10657). */
export function selectionEntropy(shares: readonly number[]): number {
  return shares.reduce((sum, share) => (share > 0 ? sum - share * Math.log2(share) : sum), 0)
}
