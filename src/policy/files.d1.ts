/** Policies in D1, in parts: it stores no row beyond 2 MB. */
import type { D1Database } from '@cloudflare/workers-types'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { concat } from '../bytes.ts'
import { SwitchyardError } from '../errors.ts'
import { decodePolicy, headLength, readManifest } from './file.ts'
import { findId, type PolicyFiles, requireFit } from './files.ts'

/**
 * Parts travel as hexadecimal digits, since D1 takes no value beyond 2 MB, and as bytes they would become arrays of
 * numbers, a dozen times their size in memory.
 */
const PART_BYTES = 960 * 1024

/**
 * An isolate has 128 MB for everything. While a policy is exchanged it holds the serving one and up to three copies of the
 * new one (as it came, as it is decoded, as it is hashed), beside the encoder.
 */
const MAX_BYTES = 16 * 1024 * 1024

const PLACE = 'in the database of this Worker'

/**
 * A policy is there when its part 0 is, which is written last. (One batch for all parts would be as safe and
 * hold several more copies of the policy in memory.) What an interrupted upload leaves is overwritten by the next of the same policy.
 */
export function createD1Policies(db: D1Database): PolicyFiles {
  const list = async (): Promise<string[]> => {
    const { results } = await db
      .prepare('select policy from policy_files where part = 0 order by policy')
      .all<{ policy: string }>()
    return results.map(({ policy }) => policy)
  }
  const part = async (id: string, number: number): Promise<Uint8Array | null> => {
    const found = await db
      .prepare('select hex(bytes) as digits from policy_files where policy = ? and part = ?')
      .bind(id, number)
      .first<string>('digits')
    return found === null ? null : hexToBytes(found)
  }
  return {
    maxBytes: MAX_BYTES,
    list,
    async write(bytes) {
      requireFit(bytes, MAX_BYTES, PLACE)
      const { id } = await decodePolicy(bytes)
      const insert = db.prepare('insert or replace into policy_files (policy, part, bytes) values (?, ?, unhex(?))')
      for (let number = Math.ceil(bytes.length / PART_BYTES) - 1; number >= 0; number--) {
        const piece = bytes.subarray(number * PART_BYTES, (number + 1) * PART_BYTES)
        await insert.bind(id, number, bytesToHex(piece)).run()
      }
      return id
    },
    async read(wanted) {
      const id = findId(await list(), wanted, PLACE)
      const length = await db
        .prepare('select sum(length(bytes)) as length from policy_files where policy = ?')
        .bind(id)
        .first<number>('length')
      const bytes = new Uint8Array(length ?? 0)
      for (let at = 0, number = 0; at < bytes.length; number++) {
        const piece = await part(id, number)
        if (!piece) throw incomplete(id)
        bytes.set(piece, at)
        at += piece.length
      }
      return decodePolicy(bytes, { expectedId: id })
    },
    async manifest(wanted) {
      const id = findId(await list(), wanted, PLACE)
      const pieces: Uint8Array[] = []
      for (;;) {
        const piece = await part(id, pieces.length)
        if (!piece) throw incomplete(id)
        pieces.push(piece)
        const head = concat(pieces)
        if (head.length >= headLength(head)) return readManifest(head)
      }
    },
  }
}

function incomplete(id: string): SwitchyardError {
  return new SwitchyardError('policy_damaged', `Policy ${id.slice(0, 12)} is incomplete ${PLACE}: upload it again.`)
}
