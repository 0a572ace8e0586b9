/** Requests whose client has left: where nothing outlives its request by itself, what is still to be accounted for is kept alive. */
import type { Gate } from '../admit/concurrency.ts'

/** The gate, keeping everything that it lets in alive until it is over, whether or not somebody still waits for an answer. */
export function keepInside(gate: Gate, keepAlive: (work: Promise<unknown>) => void): Gate {
  return {
    get inFlight() {
      return gate.inFlight
    },
    enter() {
      const leave = gate.enter()
      const over = Promise.withResolvers<void>()
      keepAlive(over.promise)
      return () => {
        leave()
        over.resolve()
      }
    },
  }
}
