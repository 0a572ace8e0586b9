/**
 * A confidence sequence for a mean: an interval that may be looked at after every value. It holds the mean at all times at once as surely as was
 * asked for, so that acting the first time it leaves out a value errs no more often than `alpha`.
 *
 * By betting: Waudby-Smith and Ramdas 2020 (arXiv 2010.09686), the hedged capital process of Theorem 3 with θ = 1/2. For values in [0, 1] whose mean given those
 * before is always the same, a gambler who bets λ that it is above m has the capital ∏ (1 + λᵢ (xᵢ − m)), one who bets that it is below ∏ (1 − λᵢ (xᵢ − m)); where m is the mean
 * neither ever has 2 / α times what he began with but with probability α / 2. The stakes follow the spread seen so far, λᵢ = √(2 log(2 / α) / (σ̂²ᵢ₋₁ i log(1 + i))),
 * and risk at most three quarters of the capital on one value. Exact at every count; nothing is assumed of the distribution. (The closed form of Theorem 2
 * needs up to two and a half times as many values to see the same harm.)
 *
 * Of several sources any one may lie. A capital is a product over the values, and leaving out those of one source, whatever they were, leaves a fair game: so a mean
 * is ruled out once the capital reaches the bar also without the source that has won most. Then a source that says what it likes, knowing all that was said before,
 * makes the interval leave the mean out no more often than `alpha` either. It can keep it wide.
 */
export interface ConfidenceSequence {
  add(value: number, origin?: Origin): void
  readonly count: number
  /** Mean of the values, `NaN` of none. */
  readonly mean: number
  readonly lower: number
  readonly upper: number
}

/** Where a value comes from, where that is not beyond doubt. */
export interface Origin {
  readonly source: string
  /** Nobody else is heard: the source is taken at its word. */
  readonly alone: boolean
}

export interface SequenceOptions {
  /** How often, at most, the interval ever leaves the mean out. */
  readonly alpha: number
  /** Between which all values lie; one that does not is moved there. */
  readonly range: readonly [low: number, high: number]
}

/** Means that are tried, evenly over the range: the interval's ends are some of them. */
const STEPS = 400
/** The most that is put on one value, of the capital. */
const MAX_STAKE = 0.75

const BEYOND_DOUBT: Origin = { source: '', alone: true }

/** Logarithms of the capitals against each mean. */
interface Capitals {
  readonly above: Float64Array
  readonly below: Float64Array
}

const createCapitals = (): Capitals => ({ above: new Float64Array(STEPS + 1), below: new Float64Array(STEPS + 1) })

/** A sequence without values: its interval is the whole range. */
export function createSequence({ alpha, range: [low, high] }: SequenceOptions): ConfidenceSequence {
  const bar = Math.log(2 / alpha)
  const all = createCapitals()
  const bySource = new Map<string, Capitals>()
  let [from, to] = [0, STEPS]
  let [count, sum, squares] = [0, 0, 0]
  const unscaled = (unit: number) => low + (high - low) * unit

  /** Logarithm of the capital against a mean, without what any one source has won. */
  function sure(side: keyof Capitals, step: number, alone: boolean): number {
    let most = 0
    if (!alone) for (const capitals of bySource.values()) most = Math.max(most, capitals[side][step]!)
    return all[side][step]! - most
  }

  return {
    add(value, { source, alone } = BEYOND_DOUBT) {
      const own = bySource.get(source) ?? createCapitals()
      bySource.set(source, own)
      const x = Math.min(1, Math.max(0, (value - low) / (high - low)))
      // As if there had been one value in the middle, half the range off.
      const variance = (0.25 + squares) / (count + 1)
      count += 1
      const stake = Math.sqrt((2 * bar) / (variance * count * Math.log1p(count)))
      // What has been ruled out stays so.
      for (let step = from; step <= to; step++) {
        const m = step / STEPS
        const above = Math.log1p(Math.min(stake, MAX_STAKE / m) * (x - m))
        const below = Math.log1p(-Math.min(stake, MAX_STAKE / (1 - m)) * (x - m))
        all.above[step]! += above
        all.below[step]! += below
        own.above[step]! += above
        own.below[step]! += below
      }
      sum += x
      squares += (x - (0.5 + sum) / (count + 1)) ** 2
      while (from < to && sure('above', from, alone) >= bar) from++
      while (to > from && sure('below', to, alone) >= bar) to--
    },
    get count() {
      return count
    },
    get mean() {
      return unscaled(sum / count)
    },
    get lower() {
      return unscaled(from / STEPS)
    },
    get upper() {
      return unscaled(to / STEPS)
    },
  }
}
