/**
 * A policy as one file: a safetensors container. Layout: u64 little-endian header length, a JSON header padded with
 * blanks to a multiple of 8, then the tensors' raw little-endian bytes without gaps. The header maps each tensor to
 * its dtype, shape and `data_offsets`; `__metadata__` carries the manifest as a JSON string. Wide dtypes come first,
 * so every tensor is aligned to its own element size and can be viewed in place.
 *
 * The file's SHA-256 is the policy's id. Equal policies have equal bytes. Nothing in it is executable.
 */
import * as z from 'zod'
import { sha256Hex } from '../bytes.ts'
import { SwitchyardError } from '../errors.ts'
import type { EstimatorState, Policy, PolicyManifest, Tensor } from '../spec.ts'
import { canonicalJson, parseManifest } from './manifest.ts'

const FORMAT = 'switchyard-policy'
/** A header names a handful of tensors and, at most, a line of text per training row. */
const MAX_HEADER_BYTES = 256n * 1024n * 1024n
const ITEM_BYTES = { F64: 8, F32: 4, I32: 4 } as const

const headerSchema = z.record(
  z.string(),
  z.union([
    z.strictObject({
      dtype: z.enum(['F32', 'F64', 'I32']),
      shape: z.array(z.int().min(0)),
      data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
    }),
    z.strictObject({ format: z.literal(FORMAT), manifest: z.string() }),
  ]),
)

/**
 * A policy's file. `state.params` are stored as the manifest's estimator params: there is one copy of them.
 * Throws a TypeError when a tensor's data does not fill its shape or a parameter has no JSON form: a fault of the caller.
 */
export function encodePolicy(manifest: PolicyManifest, state: EstimatorState): Uint8Array<ArrayBuffer> {
  requireLittleEndian()
  const tensors = Object.entries(state.tensors).sort(
    ([a, x], [b, y]) => ITEM_BYTES[y.dtype] - ITEM_BYTES[x.dtype] || (a < b ? -1 : 1),
  )
  const whole = { ...manifest, estimator: { ...manifest.estimator, params: state.params } }
  const entries = [`"__metadata__":${canonicalJson({ format: FORMAT, manifest: canonicalJson(whole) })}`]
  let end = 0
  for (const [name, tensor] of tensors) {
    if (name === '__metadata__') throw new TypeError('__metadata__ is not a tensor’s name')
    if (tensor.data.length !== count(tensor.shape))
      throw new TypeError(
        `Tensor ${name} has ${tensor.data.length} values, its shape [${tensor.shape}] wants another number`,
      )
    const begin = end
    end += tensor.data.byteLength
    const entry = { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [begin, end] }
    entries.push(`${JSON.stringify(name)}:${canonicalJson(entry)}`)
  }
  const header = new TextEncoder().encode(`{${entries.join(',')}}`)
  const padded = Math.ceil(header.length / 8) * 8
  const bytes = new Uint8Array(8 + padded + end)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true)
  bytes.fill(0x20, 8, 8 + padded)
  bytes.set(header, 8)
  let at = 8 + padded
  for (const [, { data }] of tensors) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at)
    at += data.byteLength
  }
  return bytes
}

/**
 * Reads a policy. With `expectedId` (the file's name, an activation in the log) every damage is found, because the
 * bytes must hash to it; without it, damage to the container and the manifest is found and the id says what was read.
 * Throws `policy_damaged`.
 */
export async function decodePolicy(source: Uint8Array, options: { expectedId?: string } = {}): Promise<Policy> {
  requireLittleEndian()
  const bytes = new Uint8Array(source) // one copy: aligned for the views below, and nobody else can change it
  const id = await sha256Hex(bytes)
  if (options.expectedId !== undefined && id !== options.expectedId)
    throw damaged(`its bytes hash to ${id}, not to ${options.expectedId}; fetch it again or restore a copy`)
  const { manifest: text, tensors } = readContainer(bytes)
  const manifest = parseManifest(text)
  return { id, manifest, state: { params: manifest.estimator.params, tensors } }
}

/** Bytes from the beginning of a policy file to the end of its header. `start` has its first sixteen at least. */
export function headLength(start: Uint8Array): number {
  if (start.length < 16) throw damaged(`it has only ${start.length} bytes`)
  const length = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true)
  if (length % 8n !== 0n || length > MAX_HEADER_BYTES) throw damaged('its header does not fit into the file')
  return 8 + Number(length)
}

/** The manifest from the beginning of a policy file, verified against nothing. Throws `policy_damaged`. */
export function readManifest(head: Uint8Array): PolicyManifest {
  const { __metadata__: metadata } = parseHeader(head.subarray(8, headLength(head)))
  if (!metadata || 'dtype' in metadata) throw damaged('it carries no manifest')
  return parseManifest(metadata.manifest)
}

function readContainer(bytes: Uint8Array<ArrayBuffer>): { manifest: string; tensors: Record<string, Tensor> } {
  const start = headLength(bytes)
  if (start > bytes.length) throw damaged('its header does not fit into the file')
  const header = parseHeader(bytes.subarray(8, start))
  const size = bytes.length - start
  const tensors: Record<string, Tensor> = Object.create(null)
  let manifest: string | undefined
  let covered = 0
  for (const [name, entry] of Object.entries(header)) {
    if (!('dtype' in entry)) {
      if (name === '__metadata__') manifest = entry.manifest
      else throw damaged(`tensor ${name} has no dtype`)
      continue
    }
    const [begin, end] = entry.data_offsets
    const items = count(entry.shape)
    if (begin !== covered || end - begin !== items * ITEM_BYTES[entry.dtype] || end > size)
      throw damaged(`tensor ${name} does not lie where the header says`)
    covered = end
    tensors[name] = {
      dtype: entry.dtype,
      shape: entry.shape,
      data: view(bytes.buffer, start + begin, items, entry.dtype),
    }
  }
  if (covered !== size) throw damaged(`${size} bytes of tensors were found and ${covered} announced`)
  if (manifest === undefined) throw damaged('it carries no manifest')
  return { manifest, tensors }
}

function parseHeader(bytes: Uint8Array): z.infer<typeof headerSchema> {
  try {
    return headerSchema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)))
  } catch (cause) {
    throw damaged('its header is not that of a Switchyard policy', cause)
  }
}

function view(buffer: ArrayBuffer, at: number, items: number, dtype: Tensor['dtype']): Tensor['data'] {
  if (at % ITEM_BYTES[dtype] !== 0) throw damaged('a tensor is not aligned')
  if (dtype === 'F64') return new Float64Array(buffer, at, items)
  return dtype === 'F32' ? new Float32Array(buffer, at, items) : new Int32Array(buffer, at, items)
}

function count(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1)
}

function damaged(what: string, cause?: unknown): SwitchyardError {
  return new SwitchyardError('policy_damaged', `The policy file is damaged or of another kind: ${what}.`, { cause })
}

/** Typed arrays have the host's byte order; all platforms that are served are little-endian, others are refused. */
function requireLittleEndian(): void {
  if (new Uint8Array(new Uint16Array([1]).buffer)[0] !== 1)
    throw new SwitchyardError('unsupported', 'Policies can be read and written on little-endian machines only.')
}
