/** How much of what a policy would do was tried: without that, no estimate of it is worth anything. */
import type { Sample } from './sample.ts'

export interface Overlap {
  /** So many requests, logged by the policy itself, would say as much. */
  readonly effective: number
  /** The largest weight that could have been drawn. */
  readonly largest: number
  /** Share of the policy's draws that fall on arms which had no chance; nothing was seen of these. */
  readonly impossible: number
}

/** Fewer effective requests than this, or more impossible draws, and no number is given. */
export const LEAST_EFFECTIVE = 30
export const MOST_IMPOSSIBLE = 0.05

export function overlapOf(samples: readonly Sample[]): Overlap {
  return overlapBetween(
    samples,
    samples.map(({ target }) => target),
  )
}

/**
 * That of a difference: weights are w_a − w_b. Where both decide alike a request says nothing of which is better, and nothing has
 * to have been tried. `a[i]` and `b[i]` are of the same request.
 */
export function differingOverlap(a: readonly Sample[], b: readonly Sample[]): Overlap {
  return overlapBetween(
    a,
    a.map(({ target }, i) => target.map((chance, arm) => Math.abs(chance - b[i]!.target[arm]!))),
  )
}

/**
 * The effective sample size is Kish's (1965), n · E[|w|]² / E[w²], with expectations over what might have been drawn, E[w² | x] = Σ π(a | x)² / μ(a | x). That of
 * the weights that were drawn, (Σ w)² / Σ w², is largest where it should be smallest: when the few draws that would count heavily never came.
 * @param masses by sample and arm, how often the arm is of interest
 */
function overlapBetween(samples: readonly Sample[], masses: readonly (readonly number[])[]): Overlap {
  let [sizes, squares, largest, impossible] = [0, 0, 0, 0]
  for (const [i, { logged }] of samples.entries()) {
    for (const [arm, mass] of masses[i]!.entries()) {
      if (mass === 0) continue
      const chance = logged[arm]!
      if (chance === 0) impossible += mass
      else {
        sizes += mass
        squares += (mass * mass) / chance
        largest = Math.max(largest, mass / chance)
      }
    }
  }
  return { effective: squares > 0 ? (sizes * sizes) / squares : 0, largest, impossible: impossible / samples.length }
}

/** Why there is too little of it, in plain words; `null`: there is enough. */
export function lackOf({ effective, impossible }: Overlap): string | null {
  if (impossible > MOST_IMPOSSIBLE)
    return `${percent(impossible)} of what is to be judged was never possible where it was logged`
  if (effective < LEAST_EFFECTIVE)
    return `what was logged says as much as a sample of ${Math.floor(effective)} would, and ${LEAST_EFFECTIVE} is the least that is judged`
  return null
}

/** About how many more requests logged alike would be the least to judge by; `null`: no number would. */
export function requestsLacking({ effective, impossible }: Overlap, requests: number): number | null {
  if (impossible > MOST_IMPOSSIBLE || effective === 0) return null
  return Math.max(0, Math.ceil(requests * (LEAST_EFFECTIVE / effective - 1)))
}

function percent(share: number): string {
  return `${Number((100 * share).toFixed(1))} %`
}
