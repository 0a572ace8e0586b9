import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createBreakers } from './breaker.ts'

function breaker(options = { failures: 3, cooldownMs: 100 }) {
  let now = 0
  const breakers = createBreakers({ monotonic: () => now })
  return {
    of: () => breakers.of('p', 'm', options),
    pass: (ms: number) => {
      now += ms
    },
    breakers,
  }
}

test('opens after failures in a row, and only in a row', () => {
  const { of } = breaker()
  for (const verdict of ['fail', 'fail', 'succeed', 'fail', 'fail'] as const) of().admit()![verdict]()
  expect(of().admit()).not.toBeNull()
  of().admit()!.fail()
  expect(of().admit()).toBeNull()
  expect(of().waitMs()).toBe(100)
})

test('one probe after the cooldown; its success closes, its failure opens anew', () => {
  const { of, pass } = breaker({ failures: 1, cooldownMs: 100 })
  of().admit()!.fail()
  pass(99)
  expect(of().admit()).toBeNull()
  pass(1)
  const probe = of().admit()!
  expect(of().admit()).toBeNull()
  probe.fail()
  expect(of().admit()).toBeNull()
  pass(100)
  of().admit()!.succeed()
  expect([of().admit(), of().admit()]).not.toContain(null)
})

test('a probe without a verdict leaves room for the next', () => {
  const { of, pass } = breaker({ failures: 1, cooldownMs: 100 })
  of().admit()!.fail()
  pass(100)
  of().admit()!.release()
  expect(of().admit()).not.toBeNull()
})

test('a probe that streams lets others in, on probation', () => {
  const { of, pass } = breaker()
  for (let i = 0; i < 3; i++) of().admit()!.fail()
  pass(100)
  const probe = of().admit()!
  probe.respond()
  expect(of().admit()).not.toBeNull()
  probe.fail()
  expect(of().admit()).toBeNull()
})

test('a call from before the opening says nothing about the upstream now', () => {
  const { of } = breaker({ failures: 1, cooldownMs: 100 })
  const old = of().admit()!
  of().admit()!.fail()
  old.succeed()
  expect(of().admit()).toBeNull()
})

test('what others found broken is left alone, also before it was asked here; its own probe decides then', () => {
  const { of, pass, breakers } = breaker()
  breakers.hold('p', 'm', 50)
  expect(of().admit()).toBeNull()
  expect(of().waitMs()).toBe(50)
  // A shorter time than it is held already is no news.
  breakers.hold('p', 'm', 20)
  pass(49)
  expect(of().admit()).toBeNull()
  pass(1)
  of().admit()!.fail()
  expect(of().waitMs()).toBe(100)
  pass(100)
  const stale = of().admit()!
  breakers.hold('p', 'm', 10)
  stale.succeed()
  expect(of().admit()).toBeNull()
  pass(10)
  of().admit()!.succeed()
  expect([of().admit(), of().admit()]).not.toContain(null)
  breakers.hold('other', 'm', 5)
  pass(5)
  expect(breakers.of('other', 'm', { failures: 2, cooldownMs: 9 }).waitMs()).toBe(0)
})

test('its own openings are told, what it heard from others is not', () => {
  const openings: object[] = []
  const breakers = createBreakers({ monotonic: () => 0 }, (opening) => openings.push(opening))
  const permits = [1, 2].map(() => breakers.of('p', 'm', { failures: 2, cooldownMs: 7 }).admit()!)
  permits[0]!.fail()
  breakers.hold('q', 'm', 5)
  expect(openings).toEqual([])
  permits[1]!.fail()
  expect(openings).toEqual([{ provider: 'p', model: 'm', forMs: 7 }])
})

test('upstreams are apart, and a name cannot be built that meets another', () => {
  const { breakers } = breaker()
  const options = { failures: 1, cooldownMs: 100 }
  breakers.of('a', 'b c', options).admit()!.fail()
  expect(breakers.of('a b', 'c', options).admit()).not.toBeNull()
  expect(breakers.of('a', 'b c', { ...options }).admit()).toBeNull()
})

test('whatever the verdicts, an upstream that works again is asked again', () => {
  const verdict = fc.constantFrom('respond', 'succeed', 'fail', 'release', 'leave')
  fc.assert(
    fc.property(fc.array(fc.tuple(verdict, fc.nat(60)), { maxLength: 60 }), (steps) => {
      const { of, pass } = breaker()
      for (const [step, ms] of steps) {
        const permit = of().admit()
        if (step === 'respond') permit?.respond()
        // Every permit ends: the flight sees to it.
        if (step === 'succeed' || step === 'fail') permit?.[step]()
        else permit?.release()
        pass(ms)
      }
      pass(100)
      of().admit()!.succeed()
      expect(of().admit()).not.toBeNull()
    }),
  )
})
