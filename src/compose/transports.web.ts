/** How bytes reach each kind of provider where there is nothing but `fetch`. */
import { createFetchTransport } from '../call/fetch.ts'
import type { ProviderSettings } from '../config/config.ts'
import { SwitchyardError } from '../errors.ts'
import type { Transport } from '../spec.ts'
import { createDemoTransport } from './demo.ts'

/** Throws `unsupported` for the kind `replay`, which needs files. */
export function createWebTransports(fetch: typeof globalThis.fetch): (provider: ProviderSettings) => Transport {
  const vendor = createFetchTransport(fetch)
  const demo = createDemoTransport(sleep)
  return ({ kind, id }) => {
    if (kind !== 'replay') return kind === 'demo' ? demo : vendor
    throw new SwitchyardError('unsupported', `Provider "${id}": recorded outcomes are served by the Node gateway only.`)
  }
}

/** Resolves after `ms`; rejects with the signal's reason when it aborts. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const stop = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal.addEventListener('abort', stop, { once: true })
  })
}
