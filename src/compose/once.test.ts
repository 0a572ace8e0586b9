import { describe, expect, it } from 'vitest'
import { once } from './once.ts'

/** Something to make whose every beginning is ended by hand. */
function workshop(patienceMs = 10_000) {
  const begun: PromiseWithResolvers<string>[] = []
  const kept: Promise<unknown>[] = []
  const get = once(
    () => {
      begun.push(Promise.withResolvers())
      return begun.at(-1)!.promise
    },
    { keepAlive: (work) => kept.push(work), patienceMs },
  )
  return { get, begun, kept }
}

describe('once', () => {
  it('makes nothing before it is asked, one value for all who ask, and gives it at once when it is there', async () => {
    const { get, begun } = workshop()
    expect(begun).toHaveLength(0)
    const asked = [get(), get(), get()]
    expect(begun).toHaveLength(1)
    begun[0]!.resolve('made')
    expect(await Promise.all(asked)).toEqual(['made', 'made', 'made'])
    expect(get()).toBe('made')
    expect(begun).toHaveLength(1)
  })

  it('keeps no failure: those who waited for it fail, the next one begins anew', async () => {
    const { get, begun } = workshop()
    const asked = [get(), get()]
    begun[0]!.reject(new Error('down'))
    for (const one of asked) await expect(one).rejects.toThrow('down')
    const next = get()
    expect(begun).toHaveLength(2)
    begun[1]!.resolve('made')
    expect(await next).toBe('made')
  })

  it('begins anew, once, what was lost with the request that had begun it', async () => {
    const { get, begun } = workshop(20)
    void get()
    const others = [get(), get(), get()]
    await expect.poll(() => begun.length).toBe(2)
    begun[1]!.resolve('made')
    expect(await Promise.all(others)).toEqual(['made', 'made', 'made'])
    expect(begun).toHaveLength(2)
  })

  it('has one value even when what seemed lost comes late', async () => {
    const { get, begun } = workshop(20)
    const first = get()
    const second = get()
    await expect.poll(() => begun.length).toBe(2)
    begun[1]!.resolve('second')
    expect(await second).toBe('second')
    begun[0]!.resolve('first')
    expect(await first).toBe('second')
    expect(get()).toBe('second')
  })

  it('hands all it begins to be kept alive, failures included, and none of them rejects there', async () => {
    const { get, begun, kept } = workshop()
    const failing = get()
    begun[0]!.reject(new Error('down'))
    await expect(failing).rejects.toThrow('down')
    expect(kept).toHaveLength(1)
    await expect(kept[0]).resolves.toBeUndefined()
  })
})
