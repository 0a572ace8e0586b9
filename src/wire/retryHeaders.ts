import type { SwitchyardError } from '../errors.ts'

/** How both vendors tell their SDKs whether and when to try again. Whole seconds from 1: a wait of 0 is not obeyed. */
export function retryHeaders(error: SwitchyardError): Record<string, string> {
  const order = { 'x-should-retry': String(error.retryable) }
  if (error.retryAfterS === undefined) return order
  return { ...order, 'retry-after': String(Math.max(1, Math.ceil(error.retryAfterS))) }
}
