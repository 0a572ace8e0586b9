/** A lower bound that hangs on no single key: what one key says, in good faith or bad, proves nothing. */
import { numberClusters } from './clustered.ts'
import { compare, type Judged, type Log } from './onLog.ts'

/** Keys that are left out in turn, those that sent most: what others say has less weight than that. */
const MOST_KEYS = 20

/**
 * The lowest of the lower bounds of a − b with all requests and without those of each key in turn; `null` where one of them is not known. With one key
 * alone it is that key's word.
 */
export function lowerForAnyKey(log: Log, a: Judged, b: Judged): number | null {
  const byKey = Map.groupBy(log.requests.keys(), (i) => log.requests[i]!.decision.tenant ?? '')
  const keys = [...byKey].sort(([, one], [, other]) => other.length - one.length).map(([key]) => key)
  const bounds = [compare(log, a, b).lower]
  if (keys.length > 1) for (const key of keys.slice(0, MOST_KEYS)) bounds.push(without(key, log, { a, b }))
  return bounds.reduce((lowest, bound) => (lowest === null || bound === null ? null : Math.min(lowest, bound)))
}

function without(key: string, log: Log, { a, b }: { readonly a: Judged; readonly b: Judged }): number | null {
  const part = log.requests.flatMap(({ decision }, i) => ((decision.tenant ?? '') === key ? [] : [i]))
  const requests = part.map((i) => log.requests[i]!)
  const clusters = numberClusters(requests.map(({ decision }) => decision.query.hash))
  const pick = (judged: Judged) => {
    const samples = judged('utility')
    return () => part.map((i) => samples[i]!)
  }
  return compare({ ...log, requests, clusters }, pick(a), pick(b)).lower
}
