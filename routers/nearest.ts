/** The inner loops of nearest-neighbour search: products of rows with a query, and the k best of many. */

/** Which columns, which rows. */
export interface DotOptions {
  /** The columns `from` … `to` − 1. */
  readonly from: number
  readonly to: number
  /** The first row; as many as `out` has entries where `end`, the row after the last, is not given. */
  readonly start?: number
  readonly end?: number
  readonly out: Float64Array
}

/**
 * out[i] = Σ_j rows[start + i, j] · query[j] over some columns of `width`. Four rows at a time: four independent sums hide
 * the latency of addition, and each query value is loaded once for the four.
 */
export function dotRows(rows: Float32Array, width: number, query: Float64Array, options: DotOptions): void {
  const { from, to, out, start = 0, end = start + out.length } = options
  const n = end - start
  let i = 0
  for (; i + 4 <= n; i += 4) {
    const r0 = (start + i) * width
    const r1 = r0 + width
    const r2 = r1 + width
    const r3 = r2 + width
    let s0 = 0
    let s1 = 0
    let s2 = 0
    let s3 = 0
    for (let j = from; j < to; j++) {
      const value = query[j]!
      s0 += value * rows[r0 + j]!
      s1 += value * rows[r1 + j]!
      s2 += value * rows[r2 + j]!
      s3 += value * rows[r3 + j]!
    }
    out[i] = s0
    out[i + 1] = s1
    out[i + 2] = s2
    out[i + 3] = s3
  }
  for (; i < n; i++) {
    const r = (start + i) * width
    let sum = 0
    for (let j = from; j < to; j++) sum += query[j]! * rows[r + j]!
    out[i] = sum
  }
}

/** The k smallest of the values offered so far: a bounded heap. */
export interface Smallest {
  /** What a value must be below to be kept; infinite until there are k. */
  readonly bound: number
  offer(index: number, value: number): void
  /** Smallest first; equal values in the order of their index. Nothing may be offered afterwards. */
  take(): { readonly indexes: Int32Array; readonly values: Float64Array }
}

export function createSmallest(k: number): Smallest {
  const indexes = new Int32Array(k)
  const values = new Float64Array(k)
  let size = 0
  // Of two entries the one that goes first has the larger value, or the larger index.
  const beats = (value: number, index: number, at: number) =>
    value > values[at]! || (value === values[at]! && index > indexes[at]!)
  const put = (at: number, index: number, value: number) => {
    indexes[at] = index
    values[at] = value
  }

  /** Puts an entry where it belongs at `at` or below it; the root is the largest. */
  function sink(at: number, index: number, value: number): void {
    for (;;) {
      let child = 2 * at + 1
      if (child >= size) break
      if (child + 1 < size && beats(values[child + 1]!, indexes[child + 1]!, child)) child++
      if (beats(value, index, child)) break
      put(at, indexes[child]!, values[child]!)
      at = child
    }
    put(at, index, value)
  }

  function rise(at: number, index: number, value: number): void {
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!beats(value, index, parent)) break
      put(at, indexes[parent]!, values[parent]!)
      at = parent
    }
    put(at, index, value)
  }

  return {
    get bound() {
      return size < k ? Number.POSITIVE_INFINITY : k === 0 ? Number.NEGATIVE_INFINITY : values[0]!
    },
    offer(index, value) {
      if (size < k) rise(size++, index, value)
      else if (k > 0 && value < values[0]!) sink(0, index, value)
    },
    take() {
      const count = size
      // Taking the largest out, one by one, leaves the heap sorted from the smallest up.
      while (size > 1) {
        size -= 1
        const index = indexes[size]!
        const value = values[size]!
        put(size, indexes[0]!, values[0]!)
        sink(0, index, value)
      }
      return { indexes: indexes.subarray(0, count), values: values.subarray(0, count) }
    },
  }
}

/** Indexes of the `k` largest values, largest first; equal values in the order of their index. O(n + k log² n) for values in random order. */
export function largest(values: Float64Array, k: number): Int32Array {
  const best = createSmallest(Math.min(k, values.length))
  let bound = best.bound
  for (let i = 0; i < values.length; i++) {
    if (-values[i]! >= bound) continue
    best.offer(i, -values[i]!)
    bound = best.bound
  }
  return best.take().indexes
}
