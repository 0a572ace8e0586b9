/**
 * What one policy of one route has learned online: a fold over the rewards of the log, in the order of their writing. Nothing else goes in, so that the
 * same rows give the same bytes, whoever reads them and however often the process was killed in between.
 */
import type { OnlineModel, Reward } from '../spec.ts'
import { createShares, type SharesOptions, type Tallies } from './shares.ts'

export interface FoldOptions extends SharesOptions {
  readonly route: string
  /** Rewards of another policy say how far another prediction was off: a new policy begins with nothing learned. */
  readonly policy: string | null
  /** A model that knows what was saved, or nothing. */
  readonly create: (saved?: Uint8Array) => OnlineModel
}

export interface Fold {
  readonly model: OnlineModel
  /** Lessons of this route and policy since the log began, those of no weight included. */
  readonly lessons: number
  /** The next reward of the log, of whatever route. */
  take(reward: Reward): void
  /** Equal folds are equal bytes. */
  save(): Uint8Array
}

interface Head {
  readonly lessons: number
  readonly tallies: Tallies
}

/** @param saved by a fold of the same options */
export function createFold(options: FoldOptions, saved?: Uint8Array): Fold {
  const { head, model: learned } = saved ? read(saved) : { head: { lessons: 0, tallies: [] } }
  const model = options.create(learned)
  const shares = createShares(options, head.tallies)
  let { lessons } = head
  return {
    model,
    get lessons() {
      return lessons
    },
    take({ route, policy, lesson, tenant, candidate, quality }) {
      if (route !== options.route || policy !== options.policy || lesson?.model !== model.id) return
      lessons += 1
      const weight = shares.weigh(tenant)
      if (weight > 0) model.learn(candidate, { ...lesson, weight }, quality)
    },
    save: () => write({ lessons, tallies: shares.tallies }, model.save()),
  }
}

/** Bytes of the head's length, the head as JSON, the model. */
const LENGTH_BYTES = 4

function write(head: Head, model: Uint8Array): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(head))
  const bytes = new Uint8Array(LENGTH_BYTES + json.length + model.length)
  new DataView(bytes.buffer).setUint32(0, json.length)
  bytes.set(json, LENGTH_BYTES)
  bytes.set(model, LENGTH_BYTES + json.length)
  return bytes
}

function read(bytes: Uint8Array): { head: Head; model: Uint8Array } {
  const end = LENGTH_BYTES + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  const head: Head = JSON.parse(new TextDecoder().decode(bytes.subarray(LENGTH_BYTES, end)))
  return { head, model: bytes.slice(end) }
}
