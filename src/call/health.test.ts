import { expect, test } from 'vitest'
import { createRandom } from '../train/random.ts'
import { createBreakers } from './breaker.ts'
import { createHealth } from './health.ts'

const OPTIONS = { failures: 1000, cooldownMs: 1000 }
const A = { provider: 'a', model: 'm' }
const B = { provider: 'b', model: 'm' }

function setup() {
  let now = 0
  const clock = { monotonic: () => now }
  const plain = createBreakers(clock)
  const health = createHealth(clock)
  const breakers = health.watch(plain)
  const admit = ({ provider, model }: typeof A) => breakers.of(provider, model, OPTIONS).admit()!
  const pass = (ms: number) => {
    now += ms
  }
  /** One call from beginning to end. `ttftMs: null` fails. */
  const ask = (place: typeof A, ttftMs: number | null) => {
    const permit = admit(place)
    if (ttftMs === null) return permit.fail()
    pass(ttftMs)
    permit.respond()
    permit.succeed()
  }
  const first = () => health.order([A, B])[0]!.provider
  return { health, breakers, plain, admit, ask, pass, first }
}

/** Serves `calls` requests by the order; the share of them that asked `a` first. */
function serve({ health, ask }: ReturnType<typeof setup>, calls: number, ttftOf: (provider: string) => number | null) {
  let first = 0
  for (let i = 0; i < calls; i++) {
    for (const [position, place] of health.order([A, B]).entries()) {
      const ttftMs = ttftOf(place.provider)
      if (position === 0 && place === A) first++
      ask(place, ttftMs)
      if (ttftMs !== null) break
    }
  }
  return first / calls
}

test('the order is that of discounted UCB, summed over all calls anew', () => {
  const { ask, first, pass } = setup()
  const random = createRandom(3)
  const calls: { provider: string; at: number; ttftMs: number | null }[] = []
  let now = 0
  for (let i = 0; i < 300; i++) {
    const bounds = ['a', 'b'].map((provider) => {
      const weighed = calls.map((call, at) => ({
        ...call,
        weight: 0.99 ** (calls.length - 1 - at) * 2 ** ((call.at - now) / 600_000),
      }))
      const sum = (of: typeof weighed) => of.reduce((total, { weight }) => total + weight, 0)
      const logMean = (of: typeof weighed) =>
        of.reduce((total, { weight, ttftMs }) => total + weight * Math.log(ttftMs!), 0) / sum(of)
      const own = weighed.filter((call) => call.provider === provider)
      const answered = weighed.filter(({ ttftMs }) => ttftMs !== null)
      const good = answered.filter((call) => call.provider === provider)
      if (own.length === 0) return Number.POSITIVE_INFINITY
      const ratio = Math.exp(logMean(good) - logMean(answered))
      const mean = good.length === 0 ? 0 : (sum(good) / sum(own)) * (1 - 0.5 * (ratio / (1 + ratio)))
      return mean + Math.sqrt((0.05 * Math.log(1 + sum(weighed))) / sum(own))
    })
    const best = bounds[0]! >= bounds[1]! ? A : B
    expect(first()).toBe(best.provider)
    const ttftMs = random() < 0.3 ? null : 100 + 900 * random() * (best === A ? 1 : 2)
    ask(best, ttftMs)
    now += ttftMs ?? 0
    calls.push({ provider: best.provider, at: now, ttftMs })
    const idleMs = 20_000 * random()
    pass(idleMs)
    now += idleMs
  }
})

test('a provider that answers nothing gets few calls, and all of its share back when it recovers', () => {
  const state = setup()
  const random = createRandom(1)
  const healthy = () => 200 + 400 * random()
  expect(serve(state, 400, healthy)).toBeGreaterThan(0.35)
  expect(serve(state, 1000, (provider) => (provider === 'a' ? null : healthy()))).toBeLessThan(0.03)
  serve(state, 400, healthy)
  expect(serve(state, 400, healthy)).toBeGreaterThan(0.35)
})

test('a slow provider gets less, a flaky one too', () => {
  const slow = setup()
  expect(serve(slow, 1000, (provider) => (provider === 'a' ? 3000 : 300))).toBeLessThan(0.05)
  const flaky = setup()
  const random = createRandom(1)
  expect(serve(flaky, 1000, (provider) => (provider === 'a' && random() < 0.5 ? null : 300))).toBeLessThan(0.08)
})

test('one that was left alone for long is tried again, however few calls come', () => {
  const { ask, pass, first } = setup()
  first()
  ask(A, null)
  ask(B, 100)
  for (let i = 0; i < 10; i++) ask(B, 100)
  expect(first()).toBe('b')
  pass(6 * 60 * 60_000)
  ask(B, 100)
  expect(first()).toBe('a')
})

test('calls under way count as asked: a burst is spread before the first verdict', () => {
  const { health, admit } = setup()
  const firsts = Array.from({ length: 10 }, () => {
    const [best] = health.order([A, B])
    admit(best!)
    return best!.provider
  })
  expect(firsts.filter((provider) => provider === 'a')).toHaveLength(5)
})

test('a refused request and a client that left say nothing', () => {
  const { admit, ask, first } = setup()
  first()
  for (const end of ['succeed', 'release'] as const) {
    admit(A)[end]()
    // A has still never been asked, as far as anybody knows.
    expect(first()).toBe('a')
  }
  const permit = admit(A)
  permit.fail()
  permit.succeed()
  ask(B, 100)
  expect(first()).toBe('b')
})

test('a model with one provider is not watched, and verdicts reach the breakers', () => {
  const { health, breakers, plain, admit, first } = setup()
  const one = [A]
  expect(health.order(one)).toBe(one)
  expect(breakers.of('a', 'm', OPTIONS)).toBe(plain.of('a', 'm', OPTIONS))
  first()
  expect(breakers.of('a', 'm', OPTIONS)).not.toBe(plain.of('a', 'm', OPTIONS))
  for (let i = 0; i < OPTIONS.failures; i++) admit(A).fail()
  expect(breakers.of('a', 'm', OPTIONS).admit()).toBeNull()
  expect(breakers.of('a', 'm', OPTIONS).waitMs()).toBe(1000)
})
