/** What a decision turned out to be worth: the one definition that online learning, retraining and evaluation share. */
import type { DecisionRecord, Feedback, Signal } from '../spec.ts'

export interface RewardDefinition {
  /** Quality of an answer that nobody scored, by what happened to it; `none`: nothing did. What is left out says nothing. */
  readonly signals: { readonly [Name in Signal | 'none']?: number }
  /** Milliseconds after the outcome before signals count: a score may still come. */
  readonly waitMs: number
}

export interface Worth {
  /** In [0, 1]. */
  readonly quality: number
  readonly source: Feedback['source']
}

/**
 * The mean over principals of what users and checks say, each principal's newest; else the mean of what judges say; else, once the wait is over, the
 * lowest of the signals that apply. `null`: nothing is known, or not yet. An answer that is not there (`upstream_error`, `timeout`,
 * `client_error`, `unknown`) is worth nothing to learning: it says nothing of the candidate's quality.
 * @param now milliseconds since the epoch
 */
export function worthOf(
  { outcome, feedback }: Pick<DecisionRecord, 'outcome' | 'feedback'>,
  { signals, waitMs }: RewardDefinition,
  now: number,
): Worth | null {
  return (
    said(feedback, 'user', 'check') ??
    said(feedback, 'judge') ??
    (outcome !== null && now - outcome.at >= waitMs ? signalled(outcome, feedback, signals) : null)
  )
}

function said(feedback: readonly Feedback[], ...sources: readonly Feedback['source'][]): Worth | null {
  const votes = new Map<string, Feedback>()
  for (const one of feedback) {
    const known = votes.get(one.principal)
    if (sources.includes(one.source) && (known === undefined || one.at >= known.at)) votes.set(one.principal, one)
  }
  if (votes.size === 0) return null
  const all = [...votes.values()]
  return { quality: all.reduce((sum, { value }) => sum + value, 0) / all.length, source: all[0]!.source }
}

function signalled(
  { status, signals: seen }: NonNullable<DecisionRecord['outcome']>,
  feedback: readonly Feedback[],
  worth: RewardDefinition['signals'],
): Worth | null {
  if (status !== 'ok' && status !== 'client_abort' && status !== 'upstream_truncated') return null
  const implicit = feedback.filter(({ source }) => source === 'implicit').map(({ value }) => value)
  const known = seen.flatMap((signal) => worth[signal] ?? [])
  const lowest = Math.min(...known, ...implicit, ...(seen.length === 0 ? [worth.none ?? Number.POSITIVE_INFINITY] : []))
  return Number.isFinite(lowest) ? { quality: lowest, source: 'implicit' } : null
}
