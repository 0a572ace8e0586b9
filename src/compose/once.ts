/**
 * One value for all requests of an isolate, made by the first that needs it. Work that one request began ends with that
 * request unless it is kept alive, and may even then be lost: others never wait for it without end.
 */

export interface OnceOptions {
  /** Lets a promise go on after the request that began it. */
  readonly keepAlive: (work: Promise<unknown>) => void
  /** How long anybody waits for what another request began; then it is begun anew. */
  readonly patienceMs: number
}

/** A failure is not kept: whoever asks next tries again. */
export function once<Value>(
  make: () => Promise<Value>,
  { keepAlive, patienceMs }: OnceOptions,
): () => Value | Promise<Value> {
  let made: { readonly value: Value } | null = null
  let making: Promise<Value> | null = null

  function begin(): Promise<Value> {
    const began = make().then(
      (value) => {
        // Given up as lost and here after all: there is one value, that of whoever came first.
        made ??= { value }
        return made.value
      },
      (thrown: unknown) => {
        if (making === began) making = null
        throw thrown
      },
    )
    making = began
    keepAlive(began.catch(() => undefined))
    return began
  }

  async function waitFor(other: Promise<Value>): Promise<Value> {
    const { promise: late, resolve } = Promise.withResolvers<null>()
    const timer = setTimeout(resolve, patienceMs, null)
    try {
      const first = await Promise.race([other.then((value) => ({ value })), late])
      if (first) return first.value
    } finally {
      clearTimeout(timer)
    }
    return making === other || making === null ? begin() : making
  }

  return () => (made ? made.value : making ? waitFor(making) : begin())
}
