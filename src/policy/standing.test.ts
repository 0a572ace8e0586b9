import { expect, it } from 'vitest'
import type { Activation } from '../spec.ts'
import { previousPolicy, standingOf } from './standing.ts'

/** Newest first, as `policy` or `policy at share`. */
const history = (...names: string[]): Activation[] =>
  names.map((name, i) => {
    const [policy = '', share = '1'] = name.split(' at ')
    return { route: 'auto', policy: policy === 'constant' ? null : policy, at: -i, reason: '', share: Number(share) }
  })
const who = (...names: string[]) => {
  const { incumbent, canary } = standingOf(history(...names))
  return [incumbent?.policy, canary && `${canary.policy} at ${canary.share}`]
}

it('says who decides and who is tried beside', () => {
  expect(who()).toEqual([undefined, null])
  expect(who('a', 'b')).toEqual(['a', null])
  expect(who('c at 0.5', 'c at 0.1', 'a', 'b')).toEqual(['a', 'c at 0.5'])
  expect(who('c at 0.1')).toEqual([undefined, 'c at 0.1'])
  expect(who('constant', 'c at 0.1', 'a')).toEqual([null, null])
})

it('goes back to what decided before, and never to what was only tried', () => {
  expect(previousPolicy(history())).toBeUndefined()
  expect(previousPolicy(history('a'))).toBeUndefined()
  expect(previousPolicy(history('a', 'a', 'constant'))).toBeNull()
  expect(previousPolicy(history('c at 0.1', 'a', 'b'))).toBe('a')
  expect(previousPolicy(history('c at 0.1'))).toBeUndefined()
  expect(previousPolicy(history('a', 'c at 0.1', 'a', 'b'))).toBe('b')
  expect(previousPolicy(history('c', 'c at 0.1', 'a'))).toBe('a')
})
