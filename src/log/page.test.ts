import { expect, it } from 'vitest'
import type { LogRow } from '../spec.ts'
import { sampleAttempt, sampleDecision, sampleOutcome } from './contract.ts'
import { decodePage, encodeRows, logName } from './page.ts'
import { toInsert } from './rows.ts'
import { sha256 } from './sha256.node.ts'

const all = Float32Array.from({ length: 100 }, (_, i) => Math.sin(i) / 3)
const ROWS: LogRow[] = [
  { table: 'decisions', row: sampleDecision('one', { propensity: 1 / 3, lambda: 5e-324, asked: '\u0000 "𝄞' }) },
  { table: 'attempts', row: sampleAttempt('one', { ttftMs: null, latencyMs: 0.1 + 0.2 }) },
  { table: 'outcomes', row: sampleOutcome('one', { costUsd: 1e-7 }) },
  { table: 'feedback', row: { decision: 'one', principal: 'ann', value: 0.1, source: 'user', at: 3 } },
  { table: 'embeddings', row: { hash: 'h', encoder: 'e', vector: all.subarray(3, 90), at: 1 } },
  { table: 'policies', row: { route: 'auto', policy: null, at: 1, reason: 'asked for', share: 1 } },
]

it.each(ROWS.map((row) => [row.table, row] as const))('brings %s over to the bit', (table, row) => {
  const sent = JSON.parse(JSON.stringify({ rows: encodeRows([row, row]), next: 7 }))
  expect(decodePage(table, sent)).toEqual({ rows: [toInsert(row), toInsert(row)], next: 7 })
})

it.each([
  ['no object', []],
  ['rows of another width', { rows: [[1, 2]], next: 1 }],
  ['other values', { rows: [[true, 1, 1, 1]], next: 1 }],
  ['broken base64', { rows: [['h', 'e', { base64: '%%' }, 1]], next: 1 }],
  ['no cursor', { rows: [] }],
])('refuses %s', (_, sent) => {
  expect(() => decodePage('embeddings', sent)).toThrow(/no page of the table "embeddings"/)
})

it('names a log without its salt', () => {
  const salt = 'ab'.repeat(32)
  expect(logName(salt, sha256)).not.toBe(logName('cd'.repeat(32), sha256))
  expect(logName(salt, sha256)).not.toContain(sha256(salt).slice(0, 16))
})
