/** Writing and reading the data that `fit` leaves behind. Every read is checked, so that a damaged policy fails when it is loaded. */
import type { EstimatorState, Tensor } from '../src/spec.ts'

export function f64(data: Float64Array, shape: readonly number[] = [data.length]): Tensor {
  return { dtype: 'F64', shape, data }
}

export function f32(data: Float32Array, shape: readonly number[] = [data.length]): Tensor {
  return { dtype: 'F32', shape, data }
}

export function i32(data: Int32Array, shape: readonly number[] = [data.length]): Tensor {
  return { dtype: 'I32', shape, data }
}

/** Throws a `RangeError` that names what is missing or has another shape than `shape`. */
export function readF64(state: EstimatorState, name: string, shape: readonly number[]): Float64Array {
  const { data } = readTensor(state, name, shape)
  if (!(data instanceof Float64Array)) throw new RangeError(`tensor '${name}' must hold F64; train the policy again`)
  return data
}

export function readF32(state: EstimatorState, name: string, shape: readonly number[]): Float32Array {
  const { data } = readTensor(state, name, shape)
  if (!(data instanceof Float32Array)) throw new RangeError(`tensor '${name}' must hold F32; train the policy again`)
  return data
}

export function readI32(state: EstimatorState, name: string, shape: readonly number[]): Int32Array {
  const { data } = readTensor(state, name, shape)
  if (!(data instanceof Int32Array)) throw new RangeError(`tensor '${name}' must hold I32; train the policy again`)
  return data
}

export function readNumber(state: EstimatorState, name: string): number {
  const value = state.params[name]
  if (typeof value !== 'number') throw new RangeError(`parameter '${name}' must be a number; train the policy again`)
  return value
}

export function readTexts({ params }: EstimatorState, name: string): readonly string[] {
  const value = params[name]
  if (Array.isArray(value) && value.every((text) => typeof text === 'string')) return value
  throw new RangeError(`parameter '${name}' must be a list of texts; train the policy again`)
}

/** A number that counts something: an integer of 0 or more. */
export function readCount(state: EstimatorState, name: string): number {
  const value = readNumber(state, name)
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(
      `parameter '${name}' must be a whole number of 0 or more, not ${value}; train the policy again`,
    )
  }
  return value
}

function readTensor(state: EstimatorState, name: string, shape: readonly number[]): Tensor {
  const tensor = state.tensors[name]
  if (!tensor) throw new RangeError(`tensor '${name}' is missing; train the policy again`)
  const size = shape.reduce((product, length) => product * length, 1)
  if (tensor.shape.join() !== shape.join() || tensor.data.length !== size) {
    throw new RangeError(`tensor '${name}' is [${tensor.shape}], expected [${shape}]; train the policy again`)
  }
  return tensor
}
