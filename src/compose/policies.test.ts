import { expect, it } from 'vitest'
import { SwitchyardError } from '../errors.ts'
import { createShelf } from '../policy/shelf.ts'
import type { Activation, Policy } from '../spec.ts'
import { type Place, syncPolicies } from './policies.ts'

const place = (): Place => ({ shelf: createShelf(), tried: new Map() })

/** A route whose log is a list, newest first; policies that cannot be read are refused. */
function routeWith(...log: (readonly [policy: string | null, share: number])[]) {
  const history: Activation[] = []
  const [incumbents, canaries] = [place(), place()]
  const running = new Map<string, Activation>()
  const add = (policy: string | null, share: number) =>
    history.unshift({ route: 'auto', policy, share, at: history.length, reason: '' })
  for (const [policy, share] of log) add(policy, share)
  return {
    add,
    incumbents,
    canaries,
    running,
    sync: () =>
      syncPolicies(['auto'], {
        store: { activations: async () => history.slice(0, 1), history: async () => history },
        incumbents,
        canaries,
        running,
        read: async (id): Promise<Policy> => {
          throw new SwitchyardError('not_found', `There is no policy ${id}.`)
        },
        embedded: () => null,
        installation: () => ({ encoder: null, features: [], candidates: [] }),
      }),
  }
}

it('a canary that cannot be read is refused, and forgotten when it ends', async () => {
  const { add, incumbents, canaries, running, sync } = routeWith([null, 1], ['lost', 0.1])
  expect(await sync()).toEqual([{ route: 'auto', place: 'canaries' }])
  expect(canaries.shelf.refusal('auto')?.id).toBe('lost')
  expect(incumbents.shelf.active('auto')).toBeNull()
  expect(await sync()).toEqual([])
  add(null, 1)
  expect(await sync()).toEqual([{ route: 'auto', place: 'canaries' }])
  expect([canaries.shelf.refusal('auto'), running.size]).toEqual([null, 0])
})

it('another share of the same canary is a change', async () => {
  const { add, running, sync } = routeWith(['lost', 1], [null, 0.1])
  expect(await sync()).toEqual([
    { route: 'auto', place: 'incumbents' },
    { route: 'auto', place: 'canaries' },
  ])
  add(null, 0.5)
  expect(await sync()).toEqual([{ route: 'auto', place: 'canaries' }])
  expect(running.get('auto')?.share).toBe(0.5)
})
