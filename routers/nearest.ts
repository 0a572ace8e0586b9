/** The two inner loops of nearest-neighbour search: products of all rows with a query, and the k largest of a list. */

/**
 * out[i] = Σ_j rows[i, j] · query[j] over the columns `from` … `to` − 1 of `width`. Four rows at a time: four independent sums hide
 * the latency of addition, and each query value is loaded once for the four.
 */
export function dotRows(
  rows: Float32Array,
  width: number,
  query: Float64Array,
  options: { from: number; to: number; out: Float64Array },
): void {
  const { from, to, out } = options
  const n = out.length
  let i = 0
  for (; i + 4 <= n; i += 4) {
    const r0 = i * width
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
    let sum = 0
    for (let j = from; j < to; j++) sum += query[j]! * rows[i * width + j]!
    out[i] = sum
  }
}

/** Indexes of the `k` largest values, largest first; equal values in the order of their index. A bounded heap, O(n + k log² n). */
export function largest(values: Float64Array, k: number): Int32Array {
  const size = Math.min(k, values.length)
  const heap = new Int32Array(size)
  if (size === 0) return heap
  const below = (a: number, b: number) => values[a]! < values[b]! || (values[a] === values[b] && a > b)

  // The root is the smallest of those kept.
  function sink(at: number, end: number): void {
    const moved = heap[at]!
    for (;;) {
      let child = 2 * at + 1
      if (child >= end) break
      if (child + 1 < end && below(heap[child + 1]!, heap[child]!)) child++
      if (!below(heap[child]!, moved)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = moved
  }

  for (let i = 0; i < size; i++) heap[i] = i
  for (let i = (size >> 1) - 1; i >= 0; i--) sink(i, size)
  for (let i = size; i < values.length; i++) {
    if (values[i]! <= values[heap[0]!]!) continue
    heap[0] = i
    sink(0, size)
  }
  // Taking the smallest out, one by one, leaves the heap sorted from the largest down.
  for (let end = size - 1; end > 0; end--) {
    const smallest = heap[0]!
    heap[0] = heap[end]!
    heap[end] = smallest
    sink(0, end)
  }
  return heap
}
