/** Which of two policies is better by what was logged, and what it takes to know. */
import type { Interval } from '../metrics/interval.ts'
import { normalQuantile } from '../metrics/normal.ts'
import type { Mean } from './clustered.ts'

export type Verdict =
  /** Both do the same on every request. */
  | { readonly kind: 'alike' }
  | { readonly kind: 'apart'; readonly better: 'a' | 'b' }
  /** `needed`: about so many more scored requests would tell them apart if the difference is as estimated; `null`: no number would. */
  | { readonly kind: 'undecided'; readonly needed: number | null }
  | NoOverlap

/** `needed`: about so many more requests logged alike would be the least to judge by; `null`: no number would. */
export interface NoOverlap {
  readonly kind: 'no overlap'
  readonly reason: string
  readonly needed: number | null
}

/** How probably as many requests as are said to be needed suffice. */
const POWER = 0.8

export interface Certainty {
  /** Of the interval, such as 0.95. */
  readonly confidence: number
  /** The most that what was never tried can change the value, either way. */
  readonly slack: number
}

/** The normal interval, wider on both sides by the slack. */
export function toInterval({ value, error }: Mean, { confidence, slack }: Certainty): Interval {
  const reach = quantileOf(confidence) * error + slack
  return { value, low: value - reach, high: value + reach }
}

/** The lower end of the one-sided interval. */
export function lowerEnd({ value, error }: Mean, { confidence, slack }: Certainty): number {
  return value - normalQuantile(confidence) * error - slack
}

/**
 * The verdict on a difference a − b of which `requests` were seen. The error shrinks as 1 / √n, so that n · ((z + z_power) · error / (|difference| − slack))² requests decide
 * with the power's probability.
 */
export function judge(difference: Mean, requests: number, certainty: Certainty): Exclude<Verdict, NoOverlap> {
  const { low, high } = toInterval(difference, certainty)
  if (low > 0) return { kind: 'apart', better: 'a' }
  if (high < 0) return { kind: 'apart', better: 'b' }
  const beyond = Math.abs(difference.value) - certainty.slack
  if (beyond <= 0) return { kind: 'undecided', needed: null }
  const times = (((quantileOf(certainty.confidence) + normalQuantile(POWER)) * difference.error) / beyond) ** 2
  return { kind: 'undecided', needed: Math.max(1, Math.ceil(requests * (times - 1))) }
}

/** Two-sided. */
function quantileOf(confidence: number): number {
  return normalQuantile(1 - (1 - confidence) / 2)
}
