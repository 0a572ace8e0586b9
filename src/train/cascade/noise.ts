/**
 * Judges that know the truth but for an error that is put in: what a cascade would reach if its judge were so good, before there is one.
 *
 * - `noisyJudge`: cascade routing's (arXiv 2410.10347; `GroundTruthQualityComputer` and `GroundTruthCostComputer` in eth-sri/cascade-routing).
 *   Quality and cost of every answer with normal noise, more of it before the answer than after, each shrunk by the regression of the truth on
 *   what is seen. Between two views of one model lies the deviation that the rule is told.
 * - `planWithErrors`: RouterBench's cascade (arXiv 2403.12031; `run_cascading_router.py`). By rising price, until an answer is accepted or the
 *   next would exceed what a query may cost; a right answer is accepted and a wrong one not, but for a share of all verdicts that is wrong.
 */
import type { OutcomeMatrix } from '../metrics/points.ts'
import { mean } from '../metrics/statistics.ts'
import type { Judge, Sequential } from './simulate.ts'

/** Standard deviations before and after the answer. */
interface Blur {
  readonly before: number
  readonly after: number
}

export interface Noise {
  readonly quality: Blur
  /** USD. */
  readonly costUsd: Blur
}

/** The three of the paper's tables. */
export const NOISES = {
  low: { quality: { before: 0.6, after: 0.3 }, costUsd: { before: 2e-4, after: 5e-5 } },
  medium: { quality: { before: 1.6, after: 0.8 }, costUsd: { before: 4e-4, after: 1e-4 } },
  high: { quality: { before: 2.4, after: 1.2 }, costUsd: { before: 100, after: 100 } },
} as const satisfies Readonly<Record<string, Noise>>

/** A judge per query of the matrix. */
export function noisyJudge(
  { models, qualities, costs }: OutcomeMatrix,
  noise: Noise,
  random: () => number,
): (query: number) => Judge {
  const quality = blurred(qualities, models, noise.quality, random)
  const cost = blurred(costs, models, noise.costUsd, random)
  const deviations = Float64Array.from({ length: models }, (_, m) => {
    const gaps = column(quality.before, models, m).map((value, i) => value - quality.after[i * models + m]!)
    const centre = mean(gaps)
    return Math.sqrt(mean(gaps.map((gap) => (gap - centre) ** 2)))
  })
  return (query) => (asked) => {
    const seen = Float64Array.from({ length: models }, (_, m) => {
      return (asked.includes(m) ? quality.after : quality.before)[query * models + m]!
    })
    const costUsd = cost.before.subarray(query * models, (query + 1) * models)
    return { quality: seen, qualityStd: deviations, costUsd }
  }
}

function blurred(truth: Float64Array, models: number, { before, after }: Blur, random: () => number) {
  const view = (deviation: number) =>
    shrunk(
      truth,
      truth.map((value) => value + deviation * normal(random)),
      models,
    )
  return { before: view(before), after: view(after) }
}

/** Per model the least-squares line of the truth on what is seen of it. */
function shrunk(truth: Float64Array, seen: Float64Array, models: number): Float64Array {
  const lines = Array.from({ length: models }, (_, m) => {
    const [x, y] = [column(seen, models, m), column(truth, models, m)]
    const [centreX, centreY] = [mean(x), mean(y)]
    const spread = x.reduce((sum, value) => sum + (value - centreX) ** 2, 0)
    const common = x.reduce((sum, value, i) => sum + (value - centreX) * (y[i]! - centreY), 0)
    const slope = spread > 0 ? common / spread : 0
    return { slope, level: centreY - slope * centreX }
  })
  return seen.map((value, at) => lines[at % models]!.level + lines[at % models]!.slope * value)
}

function column(matrix: Float64Array, models: number, m: number): Float64Array {
  return Float64Array.from({ length: matrix.length / models }, (_, i) => matrix[i * models + m]!)
}

/** Box–Muller. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

export interface ErrorOptions {
  /** Candidates by rising price. */
  readonly order: readonly number[]
  /** Share of the verdicts that are wrong, in [0, 1]. */
  readonly errorRate: number
  /** A right answer has at least this quality. */
  readonly threshold: number
  /** One setting each: what a query may cost, in USD, though the first call is always made. */
  readonly capsUsd: readonly number[]
  readonly random: () => number
}

/** A plan per query of the matrix. */
export function planWithErrors(
  { models, qualities, costs }: OutcomeMatrix,
  { order, errorRate, threshold, capsUsd, random }: ErrorOptions,
): (query: number) => Sequential {
  return (query) => {
    const costOf = (m: number) => costs[query * models + m]!
    const accepted = Array.from({ length: models }, (_, m) => {
      const right = qualities[query * models + m]! >= threshold
      return random() < errorRate ? !right : right
    })
    return {
      next(asked, setting) {
        const next = order[asked.length]
        const last = asked.at(-1)
        if (last === undefined) return next!
        if (next === undefined || accepted[last]) return null
        const spent = asked.reduce((sum, m) => sum + costOf(m), 0)
        return costOf(next) >= capsUsd[setting]! - spent ? null : next
      },
      answer: (asked) => asked.at(-1)!,
    }
  }
}
