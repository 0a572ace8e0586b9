import { expect, it } from 'vitest'
import { describeLeftOut, type Evaluation, renderEvaluation } from './evaluate.table.ts'

const leftOut = {
  named: 0,
  unanswered: 0,
  unscored: 0,
  undrawn: 0,
  outdated: 0,
  judged: 0,
  replaced: 0,
  learned: 0,
  unpriced: 0,
}
const overlap = { effective: 100, largest: 4, impossible: 0 }
const interval = (value: number) => ({ value, low: value - 0.1, high: value + 0.1 })
const by = (value: number) => ({
  dm: interval(value),
  ips: interval(value),
  snips: interval(value),
  dr: interval(value),
  'switch-dr': interval(value),
})
const policy = (name: string, changes: Partial<Evaluation['policies'][number]> = {}) => ({
  name,
  notes: [],
  overlap,
  meanWeight: { value: 1, error: 0.1 },
  figures: { utility: by(0.5), quality: by(0.6), costUsd: null },
  shares: { small: 0.25, large: 0.75, none: 0 },
  ...changes,
})
const render = (changes: Partial<Evaluation>) =>
  renderEvaluation({
    log: 'log.sqlite',
    route: 'auto',
    requests: 1200,
    leftOut,
    policies: [policy('a')],
    comparisons: [],
    ...changes,
  })
const compared = { name: 'b', over: 'a', requests: 1200, overlap }

it('tells what was left out by its reason, and nothing where nothing was', () => {
  expect(describeLeftOut(leftOut)).toBe('')
  expect(describeLeftOut({ ...leftOut, unscored: 1500, unpriced: 2 })).toBe(
    'Left out: 1,500: nothing is known of what the answer was worth, or not yet; 2: what the answer cost is not known.',
  )
})

it('says who is better as a gain of the better one', () => {
  const difference = { value: -0.2, low: -0.25, high: -0.15 }
  const verdict = { kind: 'apart', better: 'b' } as const
  expect(render({ comparisons: [{ ...compared, difference, lower: -0.24, verdict }] })).toContain(
    'a is better than b by 0.2000 [0.150, 0.250] in utility per request.',
  )
})

it('says what it would take to know', () => {
  const undecided = (needed: number | null) =>
    render({
      comparisons: [{ ...compared, difference: interval(0.01), lower: -0.08, verdict: { kind: 'undecided', needed } }],
    })
  expect(undecided(3149)).toContain(
    'b and a cannot be told apart on these 1,200 requests: b gains 0.0100 [-0.090, 0.110] in utility per request. If that is the difference, about 3,100 more scored requests would be needed.',
  )
  expect(undecided(5e7)).toContain('more than a million scored requests')
  expect(undecided(null)).toContain('no number of such requests would tell')
  const lacking = (needed: number | null) =>
    render({
      comparisons: [
        { ...compared, difference: null, lower: null, verdict: { kind: 'no overlap', reason: 'too rare', needed } },
      ],
    })
  expect(lacking(876)).toContain('no number is given: too rare. About 880 more scored requests')
  expect(lacking(null)).toContain('A planner that explores')
})

it('gives no figures without overlap, and warns of weights that cannot be chance', () => {
  const figures = { utility: null, quality: null, costUsd: null }
  const poor = render({ policies: [policy('a', { figures, overlap: { ...overlap, effective: 12 } })] })
  expect(poor).toContain('a: no number is given: what was logged says as much as a sample of 12 would')
  expect(poor).toContain('It would ask large 75.0 %, small 25.0 %.')
  const warning = 'the weights should be 1.000 on average and are 1.500'
  expect(render({ policies: [policy('a', { meanWeight: { value: 1.5, error: 0.1 } })] })).toContain(warning)
  expect(render({ policies: [policy('a', { meanWeight: { value: 1.5, error: 0.2 } })] })).not.toContain(warning)
})
