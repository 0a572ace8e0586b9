/** Shares of the requests, as commands take and tell them. */
import { SwitchyardError } from '../errors.ts'

/** Throws `invalid_request`. */
export function readShare(text: string): number {
  const share = Number(text)
  if (share > 0 && share < 1) return share
  throw new SwitchyardError('invalid_request', `--canary is a share between 0 and 1, such as 0.1, not ${text}.`)
}

export function percent(share: number): string {
  return `${Number((100 * share).toPrecision(4))} %`
}
