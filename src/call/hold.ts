/** A streamed answer held back whole: until it is complete nobody is told a word of it. */
import { SwitchyardError } from '../errors.ts'
import { ClientAbort } from './flight.ts'
import type { Frame } from './stream.ts'

/** What one answer may come to in memory. */
const MAX_HELD_BYTES = 32 * 1024 * 1024

/** The frames that came, and why no more did: `null` says that the answer is complete. */
export interface Held {
  readonly frames: readonly Frame[]
  readonly failure: SwitchyardError | ClientAbort | null
}

/** Reads frames to their end. Throws nothing that an upstream or a client could bring about. */
export async function hold(frames: AsyncIterable<Frame>): Promise<Held> {
  const held: Frame[] = []
  let bytes = 0
  try {
    for await (const frame of frames) {
      held.push(frame)
      bytes += frame.bytes.length
      if (bytes > MAX_HELD_BYTES) return { frames: held, failure: tooLong() }
    }
    return { frames: held, failure: null }
  } catch (thrown) {
    if (thrown instanceof SwitchyardError || thrown instanceof ClientAbort) return { frames: held, failure: thrown }
    throw thrown
  }
}

/** Held frames as a stream that nobody waits for. */
export async function* replay(frames: readonly Frame[]): AsyncGenerator<Frame, undefined> {
  yield* frames
}

function tooLong(): SwitchyardError {
  return new SwitchyardError('upstream_malformed', `The upstream sent an answer of more than ${MAX_HELD_BYTES} bytes.`)
}
