import { describe, expect, it } from 'vitest'
import { plantedSet, seeded } from '../../../routers/fixtures.ts'
import { findEstimator, findPlanner } from '../../../routers/index.ts'
import type { RoutePolicy } from '../../route/decide.ts'
import type { Estimator } from '../../spec.ts'
import { createRandom } from '../random.ts'
import { clusteredMean } from './clustered.ts'
import { compareOnLog, LOG_CONFIDENCE } from './compareOnLog.ts'
import { openLog, standingOf } from './onLog.ts'
import type { LoggedRequest } from './request.ts'
import { createTarget } from './target.ts'

const planted = plantedSet(400, seeded(1))
const candidates = planted.candidates
const ids = candidates.map(({ id }) => id)
const family = findEstimator('linear')

/** Predicts the same quality of everybody, and tokens that make costs differ by price alone. */
const believing = (quality: readonly number[]): Estimator => ({
  name: 'fixed',
  estimate: (_, asked) => ({
    quality: Float64Array.from(asked, ({ id }) => quality[ids.indexOf(id)]!),
    qualityStd: new Float64Array(asked.length),
    outputTokens: new Float64Array(asked.length).fill(100),
    support: 1,
  }),
})
/** Always asks one candidate. */
const only = (arm: number): RoutePolicy => ({
  estimator: believing(ids.map((_, m) => (m === arm ? 1 : 0))),
  planner: findPlanner('utility').load({}),
  guard: { shrink: 1, minSupport: 0, quality: ids.map(() => 0), outputTokens: ids.map(() => 100), evidence: {} },
  candidates: ids,
})

interface Draw {
  readonly count?: number
  readonly chances: readonly number[]
  readonly lambda?: number
  readonly seed?: number
}

/** What a gateway with these chances would log; quality is the planted one plus what an arm is worth on top. */
function log({ count = 400, chances, lambda = 0, seed = 1 }: Draw, bonus: readonly number[] = []): LoggedRequest[] {
  const random = createRandom(seed)
  return Array.from({ length: count }, (_, n) => {
    const i = n % planted.queries.length
    const point = random()
    let arm = 0
    for (let sum = chances[0]!; point >= sum; sum += chances[arm]!) arm++
    const quality = 0.5 * planted.quality[i * ids.length + arm]! + (bonus[arm] ?? 0)
    return {
      arm,
      query: planted.queries[i]!,
      decision: { lambda, considered: { candidates: ids, chances }, query: { hash: `h${n}` } },
      worth: { quality },
      outcome: { costUsd: 0.001 * (arm + 1) },
    }
  })
}
const meanOf = (arm: number) =>
  planted.queries.reduce((sum, _, i) => sum + 0.5 * planted.quality[i * ids.length + arm]!, 0) / planted.queries.length
const even = ids.map(() => 1 / ids.length)
const options = { candidates, family, confidence: LOG_CONFIDENCE }

it('finds a policy that is better, by about as much as it is', () => {
  const rows = log({ count: 1200, chances: even }, [0, 0.3])
  const { difference, lower, verdict, overlap } = compareOnLog(rows, only(1), only(0), options)
  expect(verdict).toEqual({ kind: 'apart', better: 'a' })
  const mean = (arm: number) =>
    planted.queries.reduce((sum, _, i) => sum + 0.5 * planted.quality[i * ids.length + arm]!, 0) /
    planted.queries.length
  const truth = 0.3 + mean(1) - mean(0)
  expect(difference!.low).toBeLessThan(truth)
  expect(difference!.high).toBeGreaterThan(truth)
  expect(lower!).toBeGreaterThan(difference!.low)
  expect(lower!).toBeLessThan(difference!.value)
  expect(overlap).toEqual({
    effective: expect.closeTo((2 * 1200) / ids.length, 6),
    largest: expect.closeTo(ids.length, 9),
    impossible: 0,
  })
  expect(compareOnLog(rows, only(0), only(1), options)).toMatchObject({
    verdict: { kind: 'apart', better: 'b' },
    difference: { value: expect.closeTo(-difference!.value, 12) },
  })
})

it('cannot tell apart what hardly differs, and says what it would take', () => {
  const rows = log({ chances: even }, [0, meanOf(2) - meanOf(1) + 0.01])
  const { verdict, difference } = compareOnLog(rows, only(1), only(2), options)
  expect(verdict.kind).toBe('undecided')
  expect(difference!.low).toBeLessThan(0)
  expect(verdict).toMatchObject({ needed: expect.any(Number) })
})

it('gives no number where the log had one candidate alone', () => {
  const rows = log({ chances: ids.map((_, m) => (m === 0 ? 1 : 0)) })
  expect(compareOnLog(rows, only(1), only(0), options)).toMatchObject({
    difference: null,
    lower: null,
    verdict: { kind: 'no overlap', reason: expect.stringContaining('never possible') },
  })
  const opened = openLog(rows, { family })
  const { figures, overlap } = standingOf(opened, opened.judge(createTarget(only(1), options)))
  expect(figures).toEqual({ utility: null, quality: null, costUsd: null })
  expect(overlap.impossible).toBe(1)
  // What it did itself is known.
  const own = standingOf(opened, opened.judge(createTarget(only(0), options)))
  const qualities = rows.map(({ worth }) => worth.quality)
  const { value, error } = clusteredMean(qualities, opened.clusters)
  expect(own.figures.quality!.ips.value).toBeCloseTo(value, 12)
  expect(own.figures.quality!.ips.high - value).toBeCloseTo(1.959964 * error, 6)
})

it('gives no number where what would count was hardly ever possible, whatever luck drew', () => {
  const rare = ids.map((_, m) => (m === 0 ? 1 - 0.001 * (ids.length - 1) : 0.001))
  expect(compareOnLog(log({ chances: rare }), only(1), only(0), options)).toMatchObject({
    difference: null,
    verdict: { kind: 'no overlap', reason: expect.stringContaining('a sample of 1 would') },
  })
})

it('has nothing to compare where two do the same, and nothing at all without requests', () => {
  const rows = log({ chances: even })
  expect(compareOnLog(rows, only(1), only(1), options)).toMatchObject({
    verdict: { kind: 'alike' },
    difference: { value: 0, low: 0, high: 0 },
  })
  expect(compareOnLog([], only(1), only(0), options)).toMatchObject({
    verdict: { kind: 'no overlap' },
    difference: null,
  })
})

describe('what is measured', () => {
  const rows = log({ chances: even, lambda: 20 }, [0.1])
  const opened = openLog(rows, { family })
  const standing = standingOf(opened, opened.judge(createTarget('logged', options)))

  it('of what was logged is the mean of what it met', () => {
    const of = (take: (one: LoggedRequest) => number) => rows.reduce((sum, one) => sum + take(one), 0) / rows.length
    const quality = of(({ worth }) => worth.quality)
    const costUsd = of(({ outcome }) => outcome.costUsd!)
    expect(standing.figures.quality!.ips.value).toBeCloseTo(quality, 12)
    expect(standing.figures.costUsd!.ips.value).toBeCloseTo(costUsd, 12)
    expect(standing.figures.utility!.snips.value).toBeCloseTo(quality - 20 * costUsd, 12)
    expect(standing.meanWeight).toEqual({ value: 1, error: 0 })
    for (const id of ids) expect(standing.shares[id]).toBeCloseTo(1 / ids.length, 12)
  })

  it('utility is quality less λ times cost by every estimator that is linear', () => {
    const { utility, quality, costUsd } = standingOf(opened, opened.judge(createTarget(only(1), options))).figures
    for (const name of ['dm', 'ips', 'dr'] as const)
      expect(utility![name].value).toBeCloseTo(quality![name].value - 20 * costUsd![name].value, 9)
  })

  it('leaves out requests whose cost counts and is not known', () => {
    const unpriced = rows.map((row, i) => (i < 100 ? { ...row, outcome: { costUsd: null } } : row))
    expect(openLog(unpriced, { family }).requests).toHaveLength(300)
    const free = unpriced.map((row) => ({ ...row, decision: { ...row.decision, lambda: 0 } }))
    const whole = openLog(free, { family })
    expect(whole.requests).toHaveLength(400)
    expect(standingOf(whole, whole.judge(createTarget('logged', options))).figures).toMatchObject({
      costUsd: null,
      utility: { ips: expect.anything() },
    })
  })
})

it('does not take what was asked again for more than it is', () => {
  const once = log({ chances: even })
  const again = once.map((row, n) => ({
    ...row,
    decision: { ...row.decision, query: { hash: once[n - (n % 4)]!.decision.query.hash } },
  }))
  // Four draws of one text: rewards are much alike where the text says a lot, so that they count for less.
  const alike = again.map((row, n) => ({ ...row, worth: again[n - (n % 4)]!.worth, arm: again[n - (n % 4)]!.arm }))
  const width = (rows: readonly LoggedRequest[]) => {
    const { low, high } = compareOnLog(rows, only(1), only(0), options).difference!
    return high - low
  }
  const alone = alike.map((row, n) => ({ ...row, decision: { ...row.decision, query: { hash: `h${n}` } } }))
  expect(width(alike)).toBeGreaterThan(1.5 * width(alone))
})

it('what one key says alone is bounded by nothing, and what all say holds without any one of them', () => {
  const rows = log({ count: 1200, chances: even }, [0, 0.3])
  const by = (keyOf: (i: number) => string) =>
    rows.map((row, i): LoggedRequest => ({ ...row, decision: { ...row.decision, tenant: keyOf(i) } }))
  const lowerOf = (requests: readonly LoggedRequest[]) => compareOnLog(requests, only(1), only(0), options).lower!
  const alone = lowerOf(rows)
  expect(lowerOf(by(() => 'one'))).toBe(alone)
  const shared = lowerOf(by((i) => `key-${i % 6}`))
  expect(shared).toBeLessThan(alone)
  expect(shared).toBeGreaterThan(0)
  expect(lowerOf(by((i) => (i % 100 === 0 ? 'calm' : 'loud')))).toBe(Number.NEGATIVE_INFINITY)
})
