/** Policies as files: `<dir>/<id>.safetensors`, where the id is the SHA-256 of the content. */
import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { SwitchyardError } from '../errors.ts'
import type { Policy } from '../spec.ts'
import { decodePolicy } from './file.ts'

export interface PolicyFolder {
  /** Stores a policy file durably and returns its id. What does not decode is refused; storing it twice is harmless. */
  write(bytes: Uint8Array): Promise<string>
  /** Reads by id or by an unambiguous beginning of it. Throws `not_found`, `policy_damaged`. */
  read(id: string): Promise<Policy>
  /** All ids, sorted. */
  list(): Promise<string[]>
}

/** A folder of policies; it is made at the first write. What is made, folders and files, is its owner's alone. */
export function createPolicyFolder(dir: string): PolicyFolder {
  const list = async (): Promise<string[]> => {
    const names = await readdir(dir).catch(ifMissing([]))
    return names.flatMap((name) => /^([0-9a-f]{64})\.safetensors$/.exec(name)?.[1] ?? []).sort()
  }
  return {
    list,
    async write(bytes) {
      const { id } = await decodePolicy(bytes)
      await mkdir(dir, { recursive: true, mode: 0o700 })
      const temporary = join(dir, `.${id}.${randomUUID()}`)
      try {
        await writeDurably(temporary, bytes)
        await rename(temporary, join(dir, `${id}.safetensors`))
      } catch (cause) {
        await rm(temporary, { force: true })
        throw cause
      }
      await syncFolder(dir)
      return id
    },
    async read(id) {
      const ids = /^[0-9a-f]{4,64}$/.test(id) ? (await list()).filter((one) => one.startsWith(id)) : []
      const found = ids[0]
      if (found === undefined) throw new SwitchyardError('not_found', `There is no policy ${id} in ${dir}.`)
      if (ids.length > 1)
        throw new SwitchyardError(
          'not_found',
          `${id} is the beginning of ${ids.length} policies in ${dir}: give more digits.`,
        )
      return decodePolicy(await readFile(join(dir, `${found}.safetensors`)), { expectedId: found })
    },
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
