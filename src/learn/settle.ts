/** What a decision was worth, as the row that is written once. */
import type { DecisionRecord, EmbeddingRow, LogRow, OnlineModel, Query, Reward, Store } from '../spec.ts'
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
  const { route, policy, lambda, considered } = decision
  if (route === null || lambda === null || considered === null || outcome === null) return null
  const { candidate } = outcome
  const model = options.online(route, policy)
  const predicted = considered.offline?.[considered.candidates.indexOf(candidate)]
  const features = model && predicted !== undefined ? model.encode(await queryOf(decision, options)) : undefined
  return {
    decision: decision.id,
    at: options.now,
    tenant: decision.tenant,
    route,
    policy,
    candidate,
    source,
    quality,
    costUsd: outcome.costUsd,
    lambda,
    propensity: candidate === decision.candidate ? decision.propensity : 0,
    ...(model && features && predicted !== undefined && { lesson: { model: model.id, features, predicted } }),
  }
}

/** The query as far as the log keeps it: all that is predicted from. */
async function queryOf(
  { query }: DecisionRecord['decision'],
  { store, encoder }: Pick<SettleOptions, 'store' | 'encoder'>,
): Promise<Query> {
  const vector = query.embedded && encoder !== null ? await store.embedding(query.hash, encoder) : null
  return {
    text: '',
    vector,
    features: Float64Array.from(query.features),
    inputTokens: query.inputTokens,
    requires: new Set(),
  }
}
