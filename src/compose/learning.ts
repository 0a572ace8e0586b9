/** What is learned while requests are served, as both roots do it: scores and signals become rewards, and what exploring costs is counted. */
import type { Config } from '../config/config.ts'
import type { Learning } from '../flow/deps.ts'
import { createExplored } from '../learn/explored.ts'
import { createRepeats } from '../learn/repeats.ts'
import { type SettleOptions, settle } from '../learn/settle.ts'
import { createSweep } from '../learn/sweep.ts'
import { type Console, describeError } from '../log/console.ts'
import type { DecisionRecord, LogRow, Store } from '../spec.ts'
import type { Learners } from './learners.ts'

export interface LearningParts {
  readonly store: Store
  readonly learners: Pick<Learners, 'find'>
  readonly config: () => Pick<Config, 'learning' | 'routes'>
  /** Id of the encoder whose vectors the log has. */
  readonly encoder: SettleOptions['encoder']
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly logger: Console
  /** Called after rewards may have been written. */
  readonly follow: () => Promise<void>
  /** Lets work go on after the request that began it. */
  readonly keepAlive: (work: Promise<unknown>) => void
}

export interface LearningJob extends Learning {
  /** Settles decisions whose wait is over, looking at so many at most; resolves to whether there may be more. Never rejects. */
  sweep(limit: number): Promise<boolean>
  /** Keeps how far `sweep` has come. Rejects where the log fails. */
  keep(): Promise<void>
  /** Reads what exploring has cost today, where a route has a limit. Never rejects. */
  refresh(): Promise<void>
}

export function createLearning(parts: LearningParts): LearningJob {
  const { store, learners, config, encoder, now, logger, follow, keepAlive } = parts
  const explored = createExplored(store, now)
  const repeats = createRepeats()

  function settleAll(records: readonly DecisionRecord[], at: number): Promise<void> {
    const definition = config().learning.reward
    return settle(records, { store, definition, encoder, online: learners.find, now: at })
  }
  const sweep = createSweep(store, settleAll)

  /** Whatever goes wrong is told to the log: what is learned later is learned all the same. */
  async function attempt(event: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      logger.error(event, describeError(error))
    }
  }

  return {
    settle: (decision) =>
      attempt('decision_not_settled', async () => {
        const record = await store.decision(decision)
        if (record) await settleAll([record], now())
        await follow()
      }),
    notice(decision) {
      const value = config().learning.reward.signals.retry
      const repeated = value === undefined ? null : repeats.of(decision)
      if (value === undefined || repeated === null) return
      const { tenant: principal, at } = decision
      const row: LogRow = {
        table: 'feedback',
        row: { decision: repeated, principal, value, source: 'implicit', at },
      }
      keepAlive(attempt('retry_not_logged', () => store.append([row])))
    },
    exploredUsd: explored.usd,
    reserveExplored: explored.reserve,
    async sweep(limit) {
      let more = false
      await attempt('decisions_not_settled', async () => {
        more = await sweep.run({ now: now(), limit, ...config().learning.reward })
        await follow()
      })
      return more
    },
    keep: () => sweep.keep(now()),
    refresh: () =>
      attempt('exploration_not_read', async () => {
        if (config().routes.some(({ exploration }) => exploration.usdPerDay !== undefined)) await explored.refresh()
      }),
  }
}
