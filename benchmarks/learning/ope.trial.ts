/** What one log of recorded outcomes says of policies whose worth is known, and of pairs of them. */
import { findEstimator } from '../../routers/index.ts'
import type { Interval } from '../../src/train/metrics/interval.ts'
import { clusteredMean } from '../../src/train/ope/clustered.ts'
import { ESTIMATORS, type EstimatorName } from '../../src/train/ope/index.ts'
import { compare, openLog } from '../../src/train/ope/onLog.ts'
import { lackOf, overlapOf } from '../../src/train/ope/overlap.ts'
import { toInterval, type Verdict } from '../../src/train/ope/verdict.ts'
import type { Logger, Population } from './population.ts'

const CONFIDENCE = 0.95
export const PAIRS = [
  ['kernel', 'constant'],
  ['kernel', 'kernel, epsilon 0.3'],
  ['kernel', 'logged'],
] as const

export interface Task {
  readonly set: string
  readonly logger: Logger
  /** Requests. */
  readonly size: number
  readonly seed: number
}

export interface Trial extends Task {
  /** By target, in the population's order. */
  readonly said: readonly Said[]
  /** By pair. */
  readonly compared: readonly Compared[]
}

export interface Said {
  readonly effective: number
  /** Too little overlap: no number would be given. */
  readonly lacks: boolean
  readonly by: Readonly<Record<EstimatorName, Interval>>
}

export interface Compared {
  readonly effective: number
  readonly verdict: Verdict
  readonly difference: Interval | null
}

export function runTrial(population: Population, task: Task): Trial {
  const { logger, size, seed } = task
  const names = Object.keys(population.targets)
  const log = openLog(population.draw(logger, size, seed), { family: findEstimator('linear') })
  const judged = names.map((name) => log.judge(population.targets[name]!))
  return {
    ...task,
    said: judged.map((samples) => {
      const own = samples('utility')
      const overlap = overlapOf(own)
      const certainty = { confidence: CONFIDENCE, slack: overlap.impossible * log.spans.utility }
      const by = (name: EstimatorName) => toInterval(clusteredMean(ESTIMATORS[name](own), log.clusters), certainty)
      return {
        effective: overlap.effective,
        lacks: lackOf(overlap) !== null,
        by: { dm: by('dm'), ips: by('ips'), snips: by('snips'), dr: by('dr'), 'switch-dr': by('switch-dr') },
      }
    }),
    compared: PAIRS.map(([a, b]) => {
      const { overlap, verdict, difference } = compare(log, judged[names.indexOf(a)]!, judged[names.indexOf(b)]!)
      return { effective: overlap.effective, verdict, difference }
    }),
  }
}
