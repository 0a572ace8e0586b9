/** How often a canary's test errs, and how soon it sees a difference: `node benchmarks/learning/canary.ts`. */
import { createCanaryTest } from '../../src/learn/canary.ts'
import type { Reward } from '../../src/spec.ts'
import { createRandom } from '../../src/train/random.ts'

/** Rewards after which a canary is given up. */
const STEPS = 10_000

interface Trial {
  readonly share: number
  /** Mean score of what serves; it rises by `drift` over the trial. */
  readonly score: number
  readonly drift: number
  /** The canary's, above that. */
  readonly gain: number
  readonly runs: number
}

const TRIALS: readonly Trial[] = [
  { share: 0.1, score: 0.5, drift: 0.3, gain: 0, runs: 1000 },
  { share: 0.5, score: 0.5, drift: 0.3, gain: 0, runs: 1000 },
  { share: 0.1, score: 0.97, drift: 0, gain: 0, runs: 1000 },
  ...[-0.05, -0.1, -0.15, -0.3, 0.1].map((gain) => ({ share: 0.1, score: 0.5, drift: 0.3, gain, runs: 200 })),
  { share: 0.5, score: 0.5, drift: 0.3, gain: -0.1, runs: 200 },
  { share: 0.1, score: 0.98, drift: 0, gain: -0.08, runs: 200 },
]

const canary = { route: 'auto', policy: 'new', at: 0, reason: '', share: 0 } as const
const reward: Omit<Reward, 'policy' | 'quality' | 'costUsd'> = {
  decision: 'Z',
  at: 0,
  tenant: 'someone',
  route: 'auto',
  candidate: 'any',
  source: 'user',
  lambda: 10,
  propensity: 1,
}

function run(seed: number, { share, score, drift, gain }: Trial) {
  const random = createRandom(seed)
  const test = createCanaryTest({ canary, incumbent: null })
  for (let step = 1; step <= STEPS; step++) {
    const tried = random() < share
    const chance = score + (drift * step) / STEPS + (tried ? gain : 0)
    const quality = random() < chance ? 1 : 0
    test.add({ ...reward, policy: tried ? 'new' : null, quality, costUsd: 0.01 * random() })
    const { verdict } = test.state()
    if (verdict !== null) return { verdict, step }
  }
  return { verdict: 'none' as const, step: STEPS }
}

const rows = TRIALS.map((trial) => {
  const found = Array.from({ length: trial.runs }, (_, i) => run(i + 1, trial))
  const share = (verdict: string) => found.filter((one) => one.verdict === verdict).length / trial.runs
  const steps = found.filter(({ verdict }) => verdict !== 'none').map(({ step }) => step)
  const median = steps.sort((a, b) => a - b)[steps.length >> 1]
  return { ...trial, worse: share('worse'), better: share('better'), 'median rewards': median }
})
console.table(rows)
