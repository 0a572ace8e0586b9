/** An encoder with another one behind it: when the first fails, the second takes over with whatever was under way, and stays. */

export interface Embeds {
  embed(texts: readonly string[]): Promise<Float32Array[]>
  close(): Promise<void>
}

/**
 * @param open opens the second, when it is needed first
 * @param onSwitch told once, with what the first one failed of
 */
export function withStandby(first: Embeds, open: () => Promise<Embeds>, onSwitch: (error: unknown) => void): Embeds {
  let second: Promise<Embeds> | null = null
  let closed = false

  function takeOver(error: unknown): Promise<Embeds> {
    if (second === null) {
      onSwitch(error)
      second = open()
      // Whoever failed may hang too: nobody waits for its end.
      first.close().catch(() => {})
    }
    return second
  }

  return {
    async embed(texts) {
      if (second !== null) return (await second).embed(texts)
      try {
        return await first.embed(texts)
      } catch (error) {
        if (closed) throw error
        return (await takeOver(error)).embed(texts)
      }
    },
    async close() {
      closed = true
      await (second === null ? first : await second).close()
    },
  }
}
