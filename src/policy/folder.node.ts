/** Policies as files: `<dir>/<id>.safetensors`, where the id is the SHA-256 of the content. */
import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { decodePolicy, headLength, readManifest } from './file.ts'
import { findId, type PolicyFiles, requireFit } from './files.ts'

export interface PolicyFolder extends PolicyFiles {
  /** Where the policy of that id, or of that beginning of one, lies. Throws `not_found`. */
  path(id: string): Promise<string>
}

/** Beyond it a file is read into memory as a whole no longer; no estimator comes near. */
const MAX_BYTES = 512 * 1024 * 1024

/** A folder of policies; it is made at the first write. What is made, folders and files, is its owner's alone. */
export function createPolicyFolder(dir: string): PolicyFolder {
  const list = async (): Promise<string[]> => {
    const names = await readdir(dir).catch(ifMissing([]))
    return names.flatMap((name) => /^([0-9a-f]{64})\.safetensors$/.exec(name)?.[1] ?? []).sort()
  }
  const find = async (wanted: string): Promise<string> => findId(await list(), wanted, `in ${dir}`)
  const pathOf = (id: string): string => join(dir, `${id}.safetensors`)
  return {
    maxBytes: MAX_BYTES,
    list,
    path: async (wanted) => pathOf(await find(wanted)),
    async write(bytes) {
      requireFit(bytes, MAX_BYTES, `in ${dir}`)
      const { id } = await decodePolicy(bytes)
      await mkdir(dir, { recursive: true, mode: 0o700 })
      const temporary = join(dir, `.${id}.${randomUUID()}`)
      try {
        await writeDurably(temporary, bytes)
        await rename(temporary, pathOf(id))
      } catch (cause) {
        await rm(temporary, { force: true })
        throw cause
      }
      await syncFolder(dir)
      return id
    },
    async read(wanted) {
      const id = await find(wanted)
      return decodePolicy(await readFile(pathOf(id)), { expectedId: id })
    },
    async manifest(wanted) {
      return readManifest(await readHead(pathOf(await find(wanted))))
    },
  }
}

/** A file up to the end of its header. */
async function readHead(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r')
  try {
    const start = await file.read(new Uint8Array(16), 0, 16, 0)
    const { size } = await file.stat()
    const head = new Uint8Array(Math.min(size, headLength(start.buffer.subarray(0, start.bytesRead))))
    await file.read(head, 0, head.length, 0)
    return head
  } finally {
    await file.close()
  }
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes the rename durable. Windows cannot open folders and needs no such step. */
async function syncFolder(dir: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(dir, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function ifMissing<T>(value: T): (thrown: unknown) => T {
  return (thrown) => {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return value
    throw thrown
  }
}
