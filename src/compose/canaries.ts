/** Watches canaries: reads what they and what serves beside them turn out to be worth, and ends those of which it is known which is better. */
import { type CanaryArms, type CanaryState, type CanaryTest, createCanaryTest } from '../learn/canary.ts'
import type { Activation, Store } from '../spec.ts'

/** Rewards in one read, and reads in one look: what is beyond waits for the next look. */
const PAGE = 500
const PAGES = 20

export interface Watch {
  readonly arms: CanaryArms
  /** Reads on, so many pages at most. Rejects where the log cannot be read. */
  read(pages?: number): Promise<void>
  state(): CanaryState
}

/** One canary's rewards, from its activation on. */
export function watchCanary(store: Pick<Store, 'rows'>, arms: CanaryArms): Watch {
  const test: CanaryTest = createCanaryTest(arms)
  let after: number | null = null
  return {
    arms,
    state: test.state,
    async read(pages = PAGES) {
      if (after === null) {
        const first = await firstSince(store, arms.canary.at)
        after ??= first
      }
      for (let page = 0; page < pages; page++) {
        const from: number = after
        const { rows, next } = await store.rows('rewards', { after: from, limit: PAGE })
        // Whoever read these rows meanwhile goes on with those after them.
        if (next === null || after !== from) return
        for (const { table, row } of rows) if (table === 'rewards') test.add(row)
        after = next
      }
    },
  }
}

/**
 * Number of the last reward before `since`, 0 without one: found by halving, so that a long log is not read from its beginning. Where the clock was set back some
 * rewards of before are read too, and passed over.
 */
async function firstSince(store: Pick<Store, 'rows'>, since: number): Promise<number> {
  /** The number of the first reward after a number, where it was written before `since`. */
  const olderAfter = async (after: number): Promise<number | null> => {
    const { rows, next } = await store.rows('rewards', { after, limit: 1 })
    const [first] = rows
    return first?.table === 'rewards' && first.row.at < since ? next : null
  }
  let from = 0
  let step = 1
  for (let next = await olderAfter(from); next !== null; next = await olderAfter(from + step)) {
    from = next
    step *= 2
  }
  for (let to = from + step; to - from > 1; ) {
    const middle = Math.floor((from + to) / 2)
    const next = await olderAfter(middle)
    if (next === null) to = middle
    else from = next
  }
  return from
}

/** How a canary ends by its own figures; `null` where it goes on. */
export function verdictOn({ canary, incumbent }: CanaryArms, state: CanaryState, now: number): Activation | null {
  if (state.verdict === null || (state.verdict === 'better' && canary.hold)) return null
  const isBetter = state.verdict === 'better'
  return {
    route: canary.route,
    policy: isBetter ? canary.policy : incumbent,
    at: now,
    reason: isBetter ? 'The canary has shown to be better.' : 'The canary has shown to be worse.',
    share: 1,
    ends: canary.at,
    evidence: { canary: canary.policy, began: canary.at, ...toEvidence(state) },
  }
}

/** As the audit row keeps it. */
function toEvidence({ canary, incumbent, ...rest }: CanaryState) {
  return {
    tried: { ...canary },
    usual: { ...incumbent },
    ...rest,
  }
}

export interface Canaries {
  /** Reads on for each; resolves to whether any ended. Rejects where the log fails. */
  look(running: readonly CanaryArms[]): Promise<boolean>
  /** As of the last look; `null` before the first. */
  state(canary: Activation): CanaryState | null
}

export interface CanariesParts {
  readonly store: Pick<Store, 'rows' | 'append'>
  readonly now: () => number
}

export function createCanaries({ store, now }: CanariesParts): Canaries {
  let watched: readonly Watch[] = []

  const isSame = (a: CanaryArms, b: CanaryArms) =>
    a.canary.route === b.canary.route &&
    a.canary.at === b.canary.at &&
    a.incumbent === b.incumbent &&
    a.keyShare === b.keyShare

  return {
    async look(running) {
      watched = running.map((arms) => watched.find((watch) => isSame(watch.arms, arms)) ?? watchCanary(store, arms))
      let ended = false
      for (const { arms, read, state } of watched) {
        await read()
        const verdict = verdictOn(arms, state(), now())
        if (verdict === null) continue
        // Where another process was quicker, or somebody has decided meanwhile, the log keeps what it has.
        await store.append([{ table: 'policies', row: verdict }])
        ended = true
      }
      return ended
    },
    state: (canary) =>
      watched.find(({ arms }) => arms.canary.route === canary.route && arms.canary.at === canary.at)?.state() ?? null,
  }
}
