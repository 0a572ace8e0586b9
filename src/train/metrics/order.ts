/** Orders of numbers. */

/** Indexes by falling value; equal values keep their order. */
export function byDescending(values: ArrayLike<number>): Uint32Array {
  return Uint32Array.from({ length: values.length }, (_, i) => i).sort((a, b) => values[b]! - values[a]! || a - b)
}
