/** The serving side of policies: what decides for each route right now. Generic over what a policy was compiled to. */
/** A policy in charge of a route. */
export interface Shelved<Value> {
  readonly id: string
  readonly value: Value
}

/** Why the policy offered last does not serve. */
export interface Refusal {
  readonly id: string
  readonly reason: string
}

export interface Shelf<Value> {
  /** What decides for the route, or `null`: the constant. A request keeps what it was given, whatever is offered later. */
  active(route: string): Shelved<Value> | null
  /** Kept until the next offer for the route succeeds or is withdrawn. */
  refusal(route: string): Refusal | null
  /**
   * Compiles a policy and puts it in charge in one step. When compiling throws, the last good one goes on serving and
   * the reason is kept. Of offers that overlap, the one made last wins. Resolves to whether this offer serves.
   */
  offer(route: string, id: string, compile: () => Value | Promise<Value>): Promise<boolean>
  /** Puts the constant in charge. */
  withdraw(route: string): void
  /** Routes that an offer was ever made for. */
  routes(): string[]
}

interface Slot<Value> {
  offers: number
  active: Shelved<Value> | null
  refusal: Refusal | null
}

/** An empty shelf: the constant decides everywhere. */
export function createShelf<Value>(): Shelf<Value> {
  const slots = new Map<string, Slot<Value>>()
  const slotOf = (route: string): Slot<Value> => {
    const slot = slots.get(route) ?? { offers: 0, active: null, refusal: null }
    slots.set(route, slot)
    return slot
  }
  return {
    active: (route) => slots.get(route)?.active ?? null,
    refusal: (route) => slots.get(route)?.refusal ?? null,
    async offer(route, id, compile) {
      const slot = slotOf(route)
      const offer = ++slot.offers
      try {
        const value = await compile()
        if (offer !== slot.offers) return false
        slot.active = { id, value }
        slot.refusal = null
        return true
      } catch (thrown) {
        if (offer === slot.offers)
          slot.refusal = { id, reason: thrown instanceof Error ? thrown.message : String(thrown) }
        return false
      }
    },
    withdraw(route) {
      const slot = slotOf(route)
      slot.offers++
      slot.active = null
      slot.refusal = null
    },
    routes: () => [...slots.keys()],
  }
}
