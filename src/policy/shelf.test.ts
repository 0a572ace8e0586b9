import { expect, it } from 'vitest'
import { createShelf } from './shelf.ts'

it('serves the last good policy and keeps the reason of a refusal', async () => {
  const shelf = createShelf<string>()
  expect(shelf.active('auto')).toBeNull()
  expect(await shelf.offer('auto', 'one', () => 'first')).toBe(true)
  expect(await shelf.offer('auto', 'two', () => Promise.reject(new Error('no good')))).toBe(false)
  expect(shelf.active('auto')).toEqual({ id: 'one', value: 'first' })
  expect(shelf.refusal('auto')).toEqual({ id: 'two', reason: 'no good' })
  await shelf.offer('auto', 'three', () => 'third')
  expect(shelf.active('auto')).toEqual({ id: 'three', value: 'third' })
  expect(shelf.refusal('auto')).toBeNull()
  expect(shelf.active('other')).toBeNull()
})

it('lets the offer made last win, whichever compiles first, and holds on to the old one until then', async () => {
  const shelf = createShelf<string>()
  await shelf.offer('auto', 'old', () => 'old')
  const slow = Promise.withResolvers<string>()
  const first = shelf.offer('auto', 'slow', () => slow.promise)
  expect(shelf.active('auto')?.id).toBe('old')
  expect(await shelf.offer('auto', 'fast', () => 'fast')).toBe(true)
  slow.resolve('slow')
  expect(await first).toBe(false)
  expect(shelf.active('auto')).toEqual({ id: 'fast', value: 'fast' })
})

it('withdraws also what is still being compiled', async () => {
  const shelf = createShelf<string>()
  const slow = Promise.withResolvers<string>()
  const offer = shelf.offer('auto', 'slow', () => slow.promise)
  shelf.withdraw('auto')
  slow.resolve('slow')
  expect(await offer).toBe(false)
  expect(shelf.active('auto')).toBeNull()
})
