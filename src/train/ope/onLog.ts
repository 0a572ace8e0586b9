/** Policies judged on a gateway's log. */
import type { Interval } from '../metrics/interval.ts'
import { clusteredMean, type Mean, numberClusters } from './clustered.ts'
import { doublyRobust } from './doublyRobust.ts'
import { ESTIMATORS, type EstimatorName } from './index.ts'
import { crossFit, type ModelOptions } from './model.ts'
import { differingOverlap, lackOf, type Overlap, overlapOf, requestsLacking } from './overlap.ts'
import { costOf, type LoggedRequest, METRICS, type Metric, measure, withUtility } from './request.ts'
import { type Sample, weightOf } from './sample.ts'
import { judge, lowerEnd, type NoOverlap, toInterval, type Verdict } from './verdict.ts'

export interface LogOptions extends ModelOptions {
  /** Of intervals; default 0.95. With several comparisons of which the best is taken, less may be missed by each. */
  readonly confidence?: number
}

/** A policy's samples on a log. */
export type Judged = (metric: Metric) => readonly Sample[]

export interface Log {
  /** Whose utility is known. */
  readonly requests: readonly LoggedRequest[]
  /** By request, from 0. */
  readonly clusters: Int32Array
  readonly confidence: number
  /** By metric, the most that one arm of one request can differ from what is expected of it. */
  readonly spans: Readonly<Record<Metric, number>>
  /** By the chances that a policy gives, see `createTarget`. */
  judge(chancesOn: (request: LoggedRequest) => readonly number[]): Judged
}

/** A log with its model, ready to judge any number of policies. */
export function openLog(rows: readonly LoggedRequest[], options: LogOptions): Log {
  const { confidence = 0.95 } = options
  const requests = withUtility(rows)
  const clusters = numberClusters(requests.map(({ decision }) => decision.query.hash))
  const expected = crossFit(requests, clusters, options)
  const dearest = requests.reduce((most, { outcome }) => Math.max(most, outcome.costUsd ?? 0), 0)
  const harshest = requests.reduce(
    (most, { decision, outcome }) => Math.max(most, decision.lambda * (outcome.costUsd ?? 0)),
    0,
  )
  return {
    requests,
    clusters,
    confidence,
    spans: { quality: 1, costUsd: dearest, utility: 1 + harshest },
    judge(chancesOn) {
      const chances = requests.map(chancesOn)
      return remembering((metric) =>
        requests.map((request, i) => {
          const { arm, worth, decision } = request
          return {
            arm,
            logged: decision.considered.chances,
            target: chances[i]!,
            reward: measure(metric, worth.quality, costOf(request), decision.lambda),
            expected: expected(i, metric),
          }
        }),
      )
    },
  }
}

/** One policy is compared with many others, and without each of many keys. */
function remembering(judged: Judged): Judged {
  const known = new Map<Metric, readonly Sample[]>()
  return (metric) => {
    const samples = known.get(metric) ?? judged(metric)
    known.set(metric, samples)
    return samples
  }
}

/** What a policy would have come to. */
export interface Standing {
  readonly overlap: Overlap
  /**
   * Its expectation is 1 − the impossible share. A mean far from that says that the logged chances are not those of the requests at hand, as where the
   * candidate that answered has a say in which answers get a score.
   */
  readonly meanWeight: Mean
  /** By metric and estimator; `null` where there is too little overlap, and for costs that are not known. */
  readonly figures: Readonly<Record<Metric, Readonly<Record<EstimatorName, Interval>> | null>>
  /** Share of the requests by candidate. */
  readonly shares: Readonly<Record<string, number>>
}

export function standingOf({ requests, clusters, confidence, spans }: Log, samples: Judged): Standing {
  const utility = samples('utility')
  const overlap = overlapOf(utility)
  const isLacking = lackOf(overlap) !== null
  const figuresOf = (metric: Metric) => {
    const own = samples(metric)
    if (isLacking || own.some(({ reward }) => Number.isNaN(reward))) return null
    const certainty = { confidence, slack: overlap.impossible * spans[metric] }
    const intervalBy = (name: EstimatorName) => toInterval(clusteredMean(ESTIMATORS[name](own), clusters), certainty)
    return {
      dm: intervalBy('dm'),
      ips: intervalBy('ips'),
      snips: intervalBy('snips'),
      dr: intervalBy('dr'),
      'switch-dr': intervalBy('switch-dr'),
    }
  }
  const mass = new Map<string, number>()
  for (const [i, { target }] of utility.entries()) {
    for (const [arm, id] of requests[i]!.decision.considered.candidates.entries())
      mass.set(id, (mass.get(id) ?? 0) + target[arm]!)
  }
  const [first, second, third] = METRICS.map(figuresOf)
  return {
    overlap,
    meanWeight: clusteredMean(utility.map(weightOf), clusters),
    figures: { utility: first!, quality: second!, costUsd: third! },
    shares: Object.fromEntries([...mass].map(([id, sum]) => [id, sum / utility.length])),
  }
}

/** What is known of a − b, in utility. */
export type Comparison = {
  readonly requests: number
  /** Of the difference: what both do alike does not count. */
  readonly overlap: Overlap
} & (
  | {
      /** Doubly robust, two-sided, at the confidence asked for. */
      readonly difference: Interval
      /** The one-sided lower bound at the same confidence; of `compareOnLog` one that holds without the requests of any one key: −∞ where all is one key's word. */
      readonly lower: number
      readonly verdict: Exclude<Verdict, NoOverlap>
    }
  | { readonly difference: null; readonly lower: null; readonly verdict: NoOverlap }
)

/** Two policies of one log compared on the same requests. */
export function compare(log: Log, a: Judged, b: Judged): Comparison {
  const { clusters, confidence, spans } = log
  const [ours, theirs] = [a('utility'), b('utility')]
  const requests = ours.length
  const overlap = differingOverlap(ours, theirs)
  if (requests > 0 && isAlike(ours, theirs)) {
    const none = { value: 0, low: 0, high: 0 }
    return { requests, overlap, difference: none, lower: 0, verdict: { kind: 'alike' } }
  }
  const reason = lackOf(overlap)
  if (reason !== null) {
    const verdict = { kind: 'no overlap', reason, needed: requestsLacking(overlap, requests) } as const
    return { requests, overlap, difference: null, lower: null, verdict }
  }
  const other = doublyRobust(theirs)
  const difference = clusteredMean(
    doublyRobust(ours).map((term, i) => term - other[i]!),
    clusters,
  )
  const certainty = { confidence, slack: overlap.impossible * spans.utility }
  return {
    requests,
    overlap,
    difference: toInterval(difference, certainty),
    lower: lowerEnd(difference, certainty),
    verdict: judge(difference, requests, certainty),
  }
}

function isAlike(a: readonly Sample[], b: readonly Sample[]): boolean {
  return a.every(({ target }, i) => target.every((chance, arm) => Math.abs(chance - b[i]!.target[arm]!) < 1e-12))
}
