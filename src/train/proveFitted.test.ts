import { expect, it } from 'vitest'
import { costing, query } from '../route/fixture.ts'
import type { Estimator, Plan, PlannerFamily } from '../spec.ts'
import type { OutcomeSet } from './outcomes.ts'
import { decideHeldOut, proveDecided } from './proveFitted.ts'

const ROWS = 12
const candidates = [costing('cheap', 0.001), costing('dear', 0.01)]
/** The cheap one is right on every third query and says so; the dear one is right on all. */
const isRight = (row: number, column: number) => column === 1 || row % 3 === 0
const each = <T>(of: (row: number, column: number) => T): T[] =>
  Array.from({ length: 2 * ROWS }, (_, i) => of(Math.floor(i / 2), i % 2))

const set: OutcomeSet = {
  name: 'recorded',
  queries: Array.from({ length: ROWS }, (_, row) => ({ id: `q${row}`, task: '', split: 'train', prompt: `p${row}` })),
  candidates,
  quality: Float64Array.from(each((row, column) => (isRight(row, column) ? 1 : 0))),
  costUsd: Float64Array.from(each((_, column) => [0.001, 0.01][column]!)),
  inputTokens: new Float64Array(2 * ROWS).fill(10),
  outputTokens: new Float64Array(2 * ROWS).fill(20),
  latencyMs: new Float64Array(2 * ROWS).fill(Number.NaN),
  texts: each((row, column) => (isRight(row, column) ? 'right' : 'wrong')),
  duplicates: [],
  sha256: '',
}
const rows = set.queries.map((_, row) => row)
const queries = rows.map(() => query())
const heldOut: Estimator = {
  name: 'even',
  estimate: (_, asked) => ({
    quality: new Float64Array(asked.length).fill(0.5),
    qualityStd: new Float64Array(asked.length),
    outputTokens: new Float64Array(asked.length).fill(20),
    support: 1,
  }),
}
const guard = { shrink: 1, minSupport: 0, quality: [0.5, 0.5], outputTokens: [20, 20], evidence: {} }
const cross = { guards: [guard], foldOf: rows.map(() => 0), heldOut }

const family = (plan: Plan): PlannerFamily => ({
  name: 'given',
  version: 1,
  load: () => ({ name: 'given', plan: () => plan }),
})
const planned = { propensity: 1, alternates: [1], explored: false, reason: '' }
/** Asks the cheap one; if that is wrong, the dear one too. */
const checking: Plan = {
  kind: 'cascade',
  arm: 0,
  chances: [1, 0],
  ...planned,
  maxLatencyMs: 1000,
  judge(answers) {
    const last = answers.at(-1)!
    return last.text === 'right'
      ? { kind: 'accept', arm: last.arm, chance: 1, reason: '' }
      : { kind: 'ask', arm: 1, reason: '' }
  },
}
const by = (plan: Plan) => ({ ...cross, planner: family(plan), plannerOptions: {}, lambda: 10 })

it('walks a cascade on the recorded answers: every call is paid for, one answer counts', () => {
  const decided = decideHeldOut(set, rows, queries, by(checking))!
  expect([...decided.qualities]).toEqual(rows.map(() => 1))
  expect([...decided.costs]).toEqual(rows.map((row) => (row % 3 === 0 ? 0.001 : 0.001 + 0.01)))
  const proof = proveDecided(set, rows, decided, 10)!
  // Over the dear one it saves 0.009 USD on a third and wastes 0.001 USD on the others, times λ.
  expect(proof.over.dear?.gain).toBeCloseTo((0.09 - 2 * 0.01) / 3, 12)
  expect(proof.over.cheap?.gain).toBeCloseTo((2 / 3) * (1 - 0.1), 12)
})

it('proves nothing of a cascade whose answers are not recorded', () => {
  const { texts: _, ...silent } = set
  expect(decideHeldOut(silent, rows, queries, by(checking))).toBeNull()
})

it('weighs by the chances of a plan that draws', () => {
  const drawn: Plan = { kind: 'single', arm: 0, chances: [0.25, 0.75], ...planned }
  const { qualities, costs } = decideHeldOut(set, rows, queries, by(drawn))!
  expect([qualities[0], qualities[1]]).toEqual([1, 0.75])
  expect(costs[0]).toBeCloseTo(0.25 * 0.001 + 0.75 * 0.01, 12)
})
