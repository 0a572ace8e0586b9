/** How often a canary's test errs, and how soon it sees a difference: `npm run bench:canary`. */
import { createCanaryTest } from '../../src/learn/canary.ts'
import type { Reward } from '../../src/spec.ts'
import { createRandom } from '../../src/train/random.ts'

/** Rewards after which a canary is given up. */
const STEPS = 10_000

/** Scores of 0 or 1 that a key sends, by what is true: `quality` of the canary's answer or of the other's. */
const LIES = {
  none: (quality: number) => quality,
  reversed: (quality: number) => 1 - quality,
  praise: (_quality: number, tried: boolean) => (tried ? 1 : 0),
  blame: (_quality: number, tried: boolean) => (tried ? 0 : 1),
}

interface Trial {
  readonly share: number
  /** Mean score of what serves; it rises by `drift` over the trial. */
  readonly score: number
  readonly drift: number
  /** The canary's, above that. */
  readonly gain: number
  readonly keys: number
  /** Share of the requests that the first key sends; the others send as many as each other. */
  readonly loudest: number
  /** What the first key says. */
  readonly lie: keyof typeof LIES
  readonly keyShare: number
  readonly runs: number
}

const ALONE = { keys: 1, loudest: 1, lie: 'none', keyShare: 0.5 } as const
const LOUD = { share: 0.1, score: 0.5, drift: 0.3, keys: 5, loudest: 0.6, lie: 'none', keyShare: 0.5 } as const
const EVEN = { ...LOUD, keys: 20, loudest: 0.05 } as const

const TRIALS: readonly Trial[] = [
  { ...ALONE, share: 0.1, score: 0.5, drift: 0.3, gain: 0, runs: 1000 },
  { ...ALONE, share: 0.5, score: 0.5, drift: 0.3, gain: 0, runs: 1000 },
  { ...ALONE, share: 0.1, score: 0.97, drift: 0, gain: 0, runs: 1000 },
  ...[-0.05, -0.1, -0.15, -0.3, 0.1].map((gain) => ({ ...ALONE, share: 0.1, score: 0.5, drift: 0.3, gain, runs: 200 })),
  { ...ALONE, share: 0.5, score: 0.5, drift: 0.3, gain: -0.1, runs: 200 },
  { ...ALONE, share: 0.1, score: 0.98, drift: 0, gain: -0.08, runs: 200 },
  // Several keys, all of them honest.
  ...[LOUD, EVEN].flatMap((keys) => [
    { ...keys, gain: 0, runs: 1000 },
    ...[-0.1, -0.15, -0.3, 0.1].map((gain) => ({ ...keys, gain, runs: 200 })),
  ]),
  // The loudest of five lies about the canary.
  ...[0.5, 1].flatMap((keyShare) => [
    ...(['reversed', 'praise', 'blame'] as const).map((lie) => ({ ...LOUD, keyShare, lie, gain: 0, runs: 1000 })),
    { ...LOUD, keyShare, lie: 'reversed' as const, gain: -0.15, runs: 200 },
    { ...LOUD, keyShare, lie: 'praise' as const, gain: -0.15, runs: 200 },
    { ...LOUD, keyShare, lie: 'blame' as const, gain: 0.1, runs: 200 },
  ]),
]

const canary = { route: 'auto', policy: 'new', at: 0, reason: '', share: 0 } as const
const reward: Omit<Reward, 'policy' | 'quality' | 'costUsd' | 'tenant'> = {
  decision: 'Z',
  at: 0,
  route: 'auto',
  candidate: 'any',
  source: 'user',
  lambda: 10,
  propensity: 1,
}

/** How far a key's requests are from the mean in difficulty: from −0.1 to 0.1. */
const leaning = (key: number, keys: number) => (keys === 1 ? 0 : 0.2 * (key / (keys - 1) - 0.5))

function run(seed: number, { share, score, drift, gain, keys, loudest, lie, keyShare }: Trial) {
  const random = createRandom(seed)
  const test = createCanaryTest({ canary, incumbent: null, keyShare })
  for (let step = 1; step <= STEPS; step++) {
    const tried = random() < share
    const key = keys === 1 || random() < loudest ? 0 : 1 + Math.floor(random() * (keys - 1))
    const chance = score + leaning(key, keys) + (drift * step) / STEPS + (tried ? gain : 0)
    const told = LIES[key === 0 ? lie : 'none'](random() < chance ? 1 : 0, tried)
    const tenant = `key ${key}`
    test.add({ ...reward, tenant, policy: tried ? 'new' : null, quality: told, costUsd: 0.01 * random() })
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
