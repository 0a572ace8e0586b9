/**
 * The calibration slope (Cox 1958): by how much outcomes move where predictions move by one. 1: predictions came true in full; 0: they said
 * nothing; between: they must be shrunk by that much (Copas 1983, "Regression, prediction and shrinkage").
 */

export interface Slope {
  readonly slope: number
  /** Standard error; infinite where nothing is bounded. */
  readonly error: number
}

/** Squares that add up to less are rounding. */
const NOTHING = 1e-12

/**
 * Least squares through the origin over rows of equal length. `unitOf[i]` names the unit of row i: rows of one unit may depend on each other in any way.
 * The error is the jackknife's over units, Σ (slope − slope without the unit)², which needs no equal variances and is cautious with
 * few units (MacKinnon and White 1985, HC3).
 */
export function slopeOf(
  predicted: readonly Float64Array[],
  actual: readonly Float64Array[],
  unitOf: readonly number[],
): Slope {
  const units = new Map<number, { xy: number; xx: number }>()
  let [xy, xx] = [0, 0]
  for (const [i, x] of predicted.entries()) {
    const unit = units.get(unitOf[i]!) ?? { xy: 0, xx: 0 }
    units.set(unitOf[i]!, unit)
    const [product, square] = [dot(x, actual[i]!), dot(x, x)]
    unit.xy += product
    unit.xx += square
    xy += product
    xx += square
  }
  if (xx < NOTHING) return { slope: 0, error: Number.POSITIVE_INFINITY }
  const slope = xy / xx
  let squares = 0
  for (const unit of units.values()) {
    const left = xx - unit.xx
    if (left < NOTHING * xx) return { slope, error: Number.POSITIVE_INFINITY }
    squares += ((unit.xy - slope * unit.xx) / left) ** 2
  }
  return { slope, error: Math.sqrt(squares) }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
