/** Cuts a byte stream at the ends of server-sent events, so that whatever is written next starts on a fresh line. */
import { concat } from '../bytes.ts'

const LF = 10
const CR = 13
const NOTHING = new Uint8Array(0)

/** Where the last complete event ends: the index after its blank line, 0 when there is none. `before` holds the bytes just before `chunk`. */
function lastEventEnd(chunk: Uint8Array, before: Uint8Array): number {
  const at = (index: number) => (index >= 0 ? chunk[index] : before[before.length + index])
  for (let end = chunk.length; end > 0; end--) {
    const last = chunk[end - 1]
    if (last === LF) {
      const previous = at(end - 2)
      if (previous === LF || (previous === CR && at(end - 3) === LF)) return end
    } else if (last === CR && at(end - 2) === CR) return end
  }
  return 0
}

export interface EventCutter {
  /** The bytes up to the last complete event, empty when none is complete yet. */
  push(chunk: Uint8Array): Uint8Array
  /** Bytes held back: what follows the last complete event. */
  readonly held: number
}

/** Linear in the bytes pushed, however they were cut. */
export function createEventCutter(): EventCutter {
  let pieces: Uint8Array[] = []
  let held = 0
  /** The last three bytes pushed: enough to see a blank line that a cut has split. */
  let before: Uint8Array = NOTHING

  const hold = (piece: Uint8Array) => {
    if (piece.length === 0) return
    pieces.push(piece)
    held += piece.length
  }
  return {
    push(chunk) {
      const end = lastEventEnd(chunk, before)
      before = chunk.length >= 3 ? chunk.subarray(-3) : concat([before, chunk]).subarray(-3)
      if (end === 0) {
        hold(chunk)
        return NOTHING
      }
      const complete = end === chunk.length ? chunk : chunk.subarray(0, end)
      const bytes = pieces.length === 0 ? complete : concat([...pieces, complete])
      pieces = []
      held = 0
      hold(chunk.subarray(end))
      return bytes
    },
    get held() {
      return held
    },
  }
}
