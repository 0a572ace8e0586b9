/** What a decision was worth, as the row that is written once. */
import type { Decision, DecisionRecord, EmbeddingRow, LogRow, OnlineModel, Query, Reward, Store } from '../spec.ts'
import { type RewardDefinition, type Worth, worthOf } from './reward.ts'

export interface SettleOptions {
  readonly store: Pick<Store, 'append' | 'embedding'>
  readonly definition: RewardDefinition
  /** Whose vectors were given to the estimators; `null`: nobody's. */
  readonly encoder: EmbeddingRow['encoder'] | null
  /** What learns online for a route while this policy decides, where anything does. */
  readonly online: (route: string, policy: string | null) => Pick<OnlineModel, 'id' | 'encode'> | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
}

/**
 * Writes the rewards of those decisions whose worth is known. A decision that has one already keeps it: the first that is known counts, and later
 * scores are for training and evaluation alone. Before its outcome is there nothing is settled: who answered is not known.
 */
export async function settle(records: readonly DecisionRecord[], options: SettleOptions): Promise<void> {
  const rewards: LogRow[] = []
  for (const record of records) {
    const worth = worthOf(record, options.definition, options.now)
    const row = worth && (await toReward(record, worth, options))
    if (row) rewards.push({ table: 'rewards', row })
  }
  if (rewards.length > 0) await options.store.append(rewards)
}

/** `null` for what was not routed or has no outcome. */
async function toReward(
  { decision, outcome }: DecisionRecord,
  { quality, source }: Worth,
  options: SettleOptions,
): Promise<Reward | null> {
  const { route, policy, lambda } = decision
  if (route === null || lambda === null || outcome === null) return null
  const { candidate, costUsd } = outcome
  const lesson = await lessonOf(decision, candidate, options)
  return {
    decision: decision.id,
    at: options.now,
    tenant: decision.tenant,
    route,
    policy,
    candidate,
    source,
    quality,
    costUsd,
    lambda,
    propensity: candidate === decision.candidate ? decision.propensity : 0,
    ...(lesson && { lesson }),
  }
}

/**
 * What is learned of the candidate that answered, whether or not it is the one that was drawn: how far its prediction was off does not depend on
 * who else was asked before. `null` where nothing was learning when the decision was made, or nothing of its kind is now.
 */
async function lessonOf(
  { query, route, policy, considered }: Decision,
  candidate: string,
  { store, encoder, online }: SettleOptions,
): Promise<Reward['lesson'] | null> {
  const predicted = considered?.offline?.[considered.candidates.indexOf(candidate)]
  const model = route === null ? undefined : online(route, policy)
  if (predicted === undefined || !model) return null
  const vector = query.embedded && encoder !== null ? await store.embedding(query.hash, encoder) : null
  // All that is predicted from; of a text the log may keep nothing else.
  const asked: Query = {
    text: '',
    vector,
    features: Float64Array.from(query.features),
    inputTokens: query.inputTokens,
    requires: new Set(),
  }
  try {
    return { model: model.id, features: model.encode(asked), predicted }
  } catch (thrown) {
    // A decision of an earlier version, which knew fewer features.
    if (thrown instanceof RangeError) return null
    throw thrown
  }
}
