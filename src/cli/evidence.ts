/** Is a policy better than what serves? What is known of that here, and what would make it known. */
import { resolve } from 'node:path'
import { findEstimator, findPlanner } from '../../routers/index.ts'
import { watchCanary } from '../compose/canaries.ts'
import { compilePolicy, constantPolicy, routerOf } from '../compose/policy.ts'
import { candidatesOf, levelsOf } from '../compose/world.ts'
import type { Config, RouteSettings } from '../config/config.ts'
import { FEATURES } from '../embed/features.ts'
import type { CanaryState } from '../learn/canary.ts'
import type { Standing } from '../policy/standing.ts'
import { TYPICAL } from '../route/cost.ts'
import { decide, type RoutePolicy } from '../route/decide.ts'
import type { EncoderInfo, JsonObject, Policy, Store } from '../spec.ts'
import { readLogged } from '../train/logged.node.ts'
import { CANARY_CONFIDENCE, compareOnLog, LOG_CONFIDENCE } from '../train/ope/compareOnLog.ts'
import type { Comparison } from '../train/ope/onLog.ts'
import { type Gain, type Proof, readProof } from '../train/proof.ts'
import { logFile } from './log.ts'
import { percent } from './share.ts'

export interface Evidence {
  /** The lower bound of the gain over what serves clears zero. */
  readonly isProved: boolean
  /** For people: the numbers, and where they do not suffice what would. */
  readonly says: readonly string[]
  /** For the log. */
  readonly figures: JsonObject
}

export interface Contest {
  readonly config: Config
  readonly route: RouteSettings
  readonly policy: Policy
  /** `null`: the constant. */
  readonly incumbent: Policy | null
  readonly standing: Standing
  /** Of the requests that the policy shall decide. */
  readonly share: number
  readonly encoder: EncoderInfo | null
  readonly store: Pick<Store, 'rows'>
  /** Milliseconds since the epoch. */
  readonly now: number
}

/**
 * What speaks for the policy, by the first of these that says anything: the canary that it is, this gateway's own log, and, where nothing learned serves, the
 * evidence from its training. Throws `policy_unfit` where it cannot serve here.
 */
export async function weigh(contest: Contest): Promise<Evidence> {
  const tried = await fromCanary(contest)
  if (tried?.isProved) return tried
  const logged = fromLog(contest)
  if (logged.isDecisive) return logged
  const trained = fromTraining(contest)
  if (trained.isProved) return trained
  return {
    isProved: false,
    says: [...(tried?.says ?? []), ...logged.says, ...trained.says],
    figures: { ...logged.figures, ...trained.figures },
  }
}

async function fromCanary({ config, standing, policy, incumbent, store }: Contest): Promise<Evidence | null> {
  const { canary } = standing
  if (canary?.policy !== policy.id) return null
  const { keyShare } = config.learning.reward
  const watch = watchCanary(store, { canary, incumbent: incumbent?.id ?? null, keyShare })
  await watch.read(Number.POSITIVE_INFINITY)
  const { lower, upper, difference, pairs } = watch.state()
  return {
    isProved: lower > 0,
    says: [describeCanaryState(watch.state())],
    figures: { method: 'canary', gain: difference, lower, upper, pairs },
  }
}

/** A canary's figures in a sentence. */
export function describeCanaryState({ canary, incumbent, difference, lower, upper, verdict }: CanaryState): string {
  const counts = `${canary.scored} scored requests of the canary, ${incumbent.scored} of what serves beside it`
  if (difference === null) return `${counts}: nothing to compare yet.`
  const found =
    verdict === null ? 'not decided yet' : verdict === 'better' ? 'the canary is better' : 'the canary is worse'
  return `${counts}: utility ${signed(difference)} per request, 95 % interval ${signed(lower)} to ${signed(upper)} at any time; ${found}.`
}

function fromLog(contest: Contest): Evidence & { readonly isDecisive: boolean } {
  const { config, route, encoder, share, now } = contest
  const confidence = share < 1 ? CANARY_CONFIDENCE : LOG_CONFIDENCE
  const definition = config.learning.reward
  const read = readLogged(logFile({ data: resolve(config.data) }), { definition, encoder, route: route.name, now })
  const incumbent = policyOf(contest, contest.incumbent)
  // What learns while it serves is what it was on each request.
  const learns = findPlanner(incumbent.planner.name).explores === true
  const id = contest.incumbent?.id ?? null
  // Decisions that it learned from would flatter it.
  const seen = contest.policy.manifest.trainedOn.log?.last ?? 0
  const rows = read.rows.filter(({ seq, decision }) => seq > seen && (!learns || decision.policy === id))
  const nothing = (says: string) => ({ isDecisive: false, isProved: false, says: [says], figures: {} })
  if (rows.length === 0)
    return nothing(
      `The log has no scored requests of this route${seen > 0 ? ' but those that the policy learned from' : ''}.`,
    )
  const policies = [policyOf(contest, contest.policy), incumbent]
  if (policies.some(({ planner }) => planner.name === 'cascade'))
    return nothing(
      'A policy that judges answers before it sends one cannot be compared on single answers of the log: a canary can tell.',
    )
  const comparison = compareOnLog(rows, policies[0]!, learns ? 'logged' : incumbent, {
    candidates: candidatesOf(route, config.candidates),
    family: findEstimator('linear'),
    confidence,
    exploration: { allowed: true, maxLoss: route.exploration.maxLoss },
  })
  const { lower, difference, requests, verdict } = comparison
  return {
    isDecisive: difference !== null,
    isProved: lower !== null && lower > 0,
    says: describeComparison(comparison, confidence),
    figures: { method: 'log', gain: difference?.value ?? null, lower, confidence, requests, verdict: verdict.kind },
  }
}

function describeComparison({ requests, difference, lower, verdict }: Comparison, confidence: number): string[] {
  const counts = `${requests} scored requests of this gateway's log`
  if (verdict.kind === 'alike') return [`On ${counts} it decides exactly as what serves: there is nothing to gain.`]
  if (difference === null || lower === null)
    return [
      `${counts} do not show what it would have come to${verdict.kind === 'no overlap' ? `: ${verdict.reason}` : ''}. A planner that explores, or a canary, makes them tell.`,
    ]
  const figures = `On ${counts} it gains ${signed(difference.value)} in utility (quality − λ · cost) per request over what serves; ${Number.isFinite(lower) ? `one-sided ${percent(confidence)} lower bound ${signed(lower)}` : 'without the requests of one key too little is left to bound it'}.`
  if (lower > 0) return [figures]
  const needed = verdict.kind === 'undecided' ? verdict.needed : null
  return [
    figures,
    ...(needed === null
      ? []
      : [
          `About ${needed} more scored requests would decide it${confidence > CANARY_CONFIDENCE ? `; a canary asks for no more than ${percent(CANARY_CONFIDENCE)}` : ''}.`,
        ]),
  ]
}

/** Only where what serves asks the same candidate for every query: that candidate the training can be held against. */
function fromTraining(contest: Contest): Evidence {
  const { config, route, policy, incumbent } = contest
  const refused = (says: string): Evidence => ({ isProved: false, says: [says], figures: {} })
  if (incumbent !== null && incumbent.manifest.guard.shrink > 0)
    return refused(
      'What serves was learned too, so that only this gateway’s own traffic can tell which is better: a canary (--canary 0.1 --force "to find out"), or an exploring planner and scores.',
    )
  const proof = readProof(policy.manifest.metrics)
  if (proof === null)
    return refused(
      'The policy carries no evidence of its own: too few complete outcomes, or trained by an earlier version. Train or bootstrap again.',
    )
  const { auto: lambda } = levelsOf(route, candidatesOf(route, config.candidates))
  if (Math.abs(proof.lambda - lambda) > 1e-6 * Math.max(1e-9, lambda))
    return refused(
      `Its evidence is for λ = ${proof.lambda.toPrecision(3)}, and the route asks for λ = ${lambda.toPrecision(3)}: train again.`,
    )
  const candidate = usualCandidate(contest, lambda)
  const over = proof.over[candidate]
  if (over === undefined)
    return refused(`What serves asks ${candidate}, and the policy was trained without outcomes of it.`)
  const { source } = policy.manifest.trainedOn
  return {
    isProved: (over.lower ?? 0) > 0,
    says: [`By its training on ${source}: ${describeGain(proof, candidate, over)}, whom what serves asks.`],
    figures: { method: proof.method, against: candidate, ...over, rows: proof.rows, lambda, source },
  }
}

/** What a policy carries, over the candidate that is best for its own training queries. */
export function describeProof(proof: Proof): string {
  return `By its training: ${describeGain(proof, proof.against, proof)}.`
}

function describeGain({ rows, lambda, confidence }: Proof, candidate: string, { gain, lower }: Gain): string {
  const bound = lower === null ? 'there is none, as too few decisions differ' : signed(lower)
  return `on ${rows} queries that it had not seen when it decided it gains ${signed(gain)} in utility (quality − λ · cost, λ = ${lambda.toPrecision(3)}) per request, one-sided ${percent(confidence)} lower bound ${bound}, over always asking ${candidate}`
}

/** Whom the incumbent asks: the same for every query that no limit stops. */
function usualCandidate(contest: Contest, lambda: number): string {
  const { config, route, incumbent } = contest
  const query = {
    text: '',
    vector: null,
    features: new Float64Array(FEATURES.length),
    inputTokens: TYPICAL.inputTokens,
    requires: new Set<never>(),
  }
  const { candidates, plan } = decide({
    query,
    candidates: candidatesOf(route, config.candidates),
    policy: policyOf(contest, incumbent),
    preference: { lambda, limits: route.limits },
    random: () => 0,
  })
  return candidates[plan.chances.indexOf(Math.max(...plan.chances))]!.id
}

function policyOf({ route, encoder }: Contest, policy: Policy | null): RoutePolicy {
  if (policy === null) return constantPolicy(routerOf(route.router))
  return compilePolicy(policy, { encoder, features: FEATURES, candidates: route.candidates }).policy
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`
}
