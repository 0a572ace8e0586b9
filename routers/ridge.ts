/**
 * Ridge regression of many targets on one matrix. Targets that are known on the same rows share one factorisation; the penalty is
 * chosen by generalised cross-validation (Golub, Heath and Wahba 1979), which the singular values give without refitting. Where targets are known
 * here and there, each on rows of its own, the factorisation of all rows stands in: it chooses the penalty as if rows were missing at random,
 * and preconditions the conjugate gradients (Hestenes and Stiefel 1952) that then solve each target on its own rows.
 */
import { dotRow } from './math.ts'
import { type Spectrum, spectrum } from './spectrum.ts'

/** Penalties tried, on rows of total variance about 2. The largest is as good as a constant. */
const PENALTIES = Array.from({ length: 15 }, (_, i) => 10 ** (-2 + i / 2))
/** Generalised cross-validation says nothing once the fit has almost as many parameters as rows. */
const MAX_FREEDOM = 0.9
const EVERY_ROW = 'every row'
/** Different sets of rows that are factorised, each for itself. */
const MAX_FACTORISED = 2
/** Conjugate gradients end when what is left is by so much smaller than the target, or after so many steps. */
const TOLERANCE = 1e-9
const MAX_STEPS = 50

export interface Ridge {
  readonly penalty: number
  /** [targets, 1 + width]: intercept, then weights. A target without any known row keeps zeros. */
  readonly weights: Float64Array
  /** Per target, corrected for the parameters spent; NaN where nothing is known. */
  readonly residualStd: Float64Array
  /** The cross-validated squared error that the penalty was chosen by. */
  readonly loss: number
}

export interface RidgeSolver {
  /**
   * `targets` is row-major [n, columns]; NaN = not known. All columns get the same penalty: the one that predicts `judged` best, which is
   * known where `targets` is, and the targets themselves where nothing is said.
   */
  solve(targets: Float64Array, columns: number, judged?: Float64Array): Ridge
  /** Of the whole matrix, centred. */
  spectrum(): Spectrum
}

interface Group {
  readonly columns: number[]
  readonly rows: readonly number[]
  readonly centre: Float64Array
  /** Of these rows; where it is not `exact`, of all rows and scaled to the number of these. */
  readonly spectrum: Spectrum
  readonly exact: boolean
}

/** Factorisations are kept between calls for targets known on the same rows. `x` is row-major [n, width]. */
export function createRidge(x: Float64Array, n: number, width: number): RidgeSolver {
  const factored = new Map<string, Omit<Group, 'columns'>>()
  const all = Array.from({ length: n }, (_, i) => i)

  function factor(rows: readonly number[], key: string): Omit<Group, 'columns'> {
    const found = factored.get(key)
    if (found) return found
    const centre = centreOf(rows)
    const centred = new Float64Array(rows.length * width)
    for (const [r, i] of rows.entries()) {
      for (let j = 0; j < width; j++) centred[r * width + j] = x[i * width + j]! - centre[j]!
    }
    const group = { rows, centre, spectrum: spectrum(centred, rows.length, width), exact: true }
    factored.set(key, group)
    return group
  }

  function borrow(rows: readonly number[]): Omit<Group, 'columns'> {
    const whole = factor(all, EVERY_ROW).spectrum
    const values = whole.values.map((value) => (value * rows.length) / n)
    return { rows, centre: centreOf(rows), spectrum: { ...whole, values }, exact: false }
  }

  function centreOf(rows: readonly number[]): Float64Array {
    const centre = new Float64Array(width)
    for (const i of rows) for (let j = 0; j < width; j++) centre[j]! += x[i * width + j]! / rows.length
    return centre
  }

  function project(targets: Float64Array, columns: number) {
    const patterns = new Map<string, { rows: readonly number[]; columns: number[] }>()
    for (let c = 0; c < columns; c++) {
      const rows = all.filter((i) => !Number.isNaN(targets[i * columns + c]!))
      if (rows.length === 0) continue
      const key = rows.length === n ? EVERY_ROW : rows.join()
      const pattern = patterns.get(key) ?? { rows, columns: [] }
      pattern.columns.push(c)
      patterns.set(key, pattern)
    }
    const groups = [...patterns].map(([key, { rows, columns }]): Group => {
      const exact = patterns.size <= MAX_FACTORISED || key === EVERY_ROW
      return { ...(exact ? factor(rows, key) : borrow(rows)), columns }
    })
    return groups.flatMap((group) =>
      group.columns.map((column) => ({
        group,
        column,
        ...projectTarget(x, width, group, { targets, columns, column }),
      })),
    )
  }

  function solve(targets: Float64Array, columns: number, judged = targets): Ridge {
    const projected = project(targets, columns)
    const judging = judged === targets ? projected : project(judged, columns)
    const losses = PENALTIES.map((penalty) => {
      return judging.reduce((sum, target) => sum + crossValidated(target.group, target, penalty), 0)
    })
    const loss = Math.min(...losses)
    const penalty = PENALTIES[losses.indexOf(loss)] ?? PENALTIES.at(-1)!

    const weights = new Float64Array(columns * (1 + width))
    const residualStd = new Float64Array(columns).fill(Number.NaN)
    for (const target of projected) {
      const { group, column, mean } = target
      const { rank, values, directions } = group.spectrum
      const out = weights.subarray(column * (1 + width) + 1, (column + 1) * (1 + width))
      for (let r = 0; r < rank; r++) {
        const coefficient = (Math.sqrt(values[r]!) * target.along[r]!) / (values[r]! + penalty)
        for (let j = 0; j < width; j++) out[j]! += coefficient * directions[r * width + j]!
      }
      if (!group.exact) improve(out, x, target, penalty)
      weights[column * (1 + width)] = mean - dotRow(out, 0, width, group.centre)
      const { freedom } = residual(group, target, penalty)
      // |y − Xw|² where (X'X + penalty) w = X'y.
      const fitted = dotRow(out, 0, width, target.product) + penalty * dotRow(out, 0, width, out)
      const error = Math.max(0, target.total - fitted)
      residualStd[column] = Math.sqrt(error / Math.max(1, group.rows.length - 1 - freedom))
    }
    return { penalty, weights, residualStd, loss }
  }
  return { solve, spectrum: () => factor(all, EVERY_ROW).spectrum }
}

/** Predictions of all targets for one row. */
export function predictRidge(weights: Float64Array, target: number, row: Float64Array): number {
  const start = target * (1 + row.length)
  let sum = weights[start]!
  for (let j = 0; j < row.length; j++) sum += weights[start + 1 + j]! * row[j]!
  return sum
}

/** A target in the coordinates of the left singular vectors. */
interface Projected {
  /** Its products with the centred columns of the matrix. */
  readonly product: Float64Array
  readonly along: Float64Array
  /** Sum of squares about the mean. */
  readonly total: number
}

function projectTarget(
  x: Float64Array,
  width: number,
  { rows, centre, spectrum: { rank, values, directions } }: Group,
  { targets, columns, column }: { targets: Float64Array; columns: number; column: number },
): Projected & { mean: number } {
  const mean = rows.reduce((sum, i) => sum + targets[i * columns + column]!, 0) / rows.length
  const product = new Float64Array(width)
  let total = 0
  for (const i of rows) {
    const deviation = targets[i * columns + column]! - mean
    total += deviation * deviation
    for (let j = 0; j < width; j++) product[j]! += deviation * (x[i * width + j]! - centre[j]!)
  }
  const along = Float64Array.from(
    { length: rank },
    (_, r) => dotRow(directions, r, width, product) / Math.sqrt(values[r]!),
  )
  return { mean, product, along, total }
}

/** Moves weights, which solve a borrowed factorisation, to those that solve the target's own rows. */
function improve(
  weights: Float64Array,
  x: Float64Array,
  { group, product }: Pick<Projected, 'product'> & { readonly group: Group },
  penalty: number,
): void {
  const width = weights.length
  const applied = curve(weights, x, group, penalty)
  const left = product.map((value, j) => value - applied[j]!)
  let conditioned = precondition(left, group, penalty)
  let direction = conditioned.slice()
  let size = dotRow(left, 0, width, conditioned)
  const enough = TOLERANCE ** 2 * dotRow(product, 0, width, precondition(product, group, penalty))
  for (let step = 0; step < MAX_STEPS && size > enough; step++) {
    const bent = curve(direction, x, group, penalty)
    const length = size / dotRow(direction, 0, width, bent)
    for (let j = 0; j < width; j++) {
      weights[j]! += length * direction[j]!
      left[j]! -= length * bent[j]!
    }
    conditioned = precondition(left, group, penalty)
    const next = dotRow(left, 0, width, conditioned)
    direction = direction.map((value, j) => conditioned[j]! + (next / size) * value)
    size = next
  }
}

/** (X'X + penalty) v over the rows of a group, centred. */
function curve(v: Float64Array, x: Float64Array, { rows, centre }: Group, penalty: number): Float64Array {
  const width = v.length
  const shift = dotRow(centre, 0, width, v)
  const out = new Float64Array(width)
  let total = 0
  for (const i of rows) {
    const along = dotRow(x, i, width, v) - shift
    total += along
    for (let j = 0; j < width; j++) out[j]! += along * x[i * width + j]!
  }
  return out.map((value, j) => value - total * centre[j]! + penalty * v[j]!)
}

/** The inverse of what `curve` applies, by the group's factorisation. */
function precondition(
  v: Float64Array,
  { spectrum: { rank, values, directions } }: Group,
  penalty: number,
): Float64Array {
  const width = v.length
  const out = v.map((value) => value / penalty)
  for (let r = 0; r < rank; r++) {
    const scale = dotRow(directions, r, width, v) * (1 / (values[r]! + penalty) - 1 / penalty)
    for (let j = 0; j < width; j++) out[j]! += scale * directions[r * width + j]!
  }
  return out
}

/** Effective number of parameters and residual sum of squares under a penalty. */
function residual(
  { spectrum: { values } }: Group,
  { along, total }: Pick<Projected, 'along' | 'total'>,
  penalty: number,
) {
  let freedom = 0
  let error = total
  for (const [r, value] of values.entries()) {
    const kept = value / (value + penalty)
    freedom += kept
    error -= along[r]! ** 2 * (1 - (1 - kept) ** 2)
  }
  return { freedom, error: Math.max(0, error) }
}

function crossValidated(group: Group, target: Projected, penalty: number): number {
  const n = group.rows.length
  const { freedom, error } = residual(group, target, penalty)
  // Too small a group to judge any penalty: it must not veto the others' choice.
  if (n < 3) return 0
  if (1 + freedom > MAX_FREEDOM * n) return Number.POSITIVE_INFINITY
  return (n * n * error) / (n - 1 - freedom) ** 2
}
