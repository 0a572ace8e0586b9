import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { FEATURES } from '../../embed/features.ts'
import { sampleDecision, sampleOutcome } from '../../log/contract.ts'
import { openStore } from '../../log/store.node.ts'
import type { EncoderInfo, LogRow } from '../../spec.ts'
import { queriesOf } from '../queries.ts'
import { createRandom } from '../random.ts'
import { type LogOptions, readLogSet } from './log.node.ts'

const folder = mkdtempSync(join(tmpdir(), 'switchyard-log-set-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
async function writeLog(rows: readonly LogRow[]): Promise<string> {
  const file = join(folder, `${files++}.sqlite`)
  const store = await openStore({ file, durability: 'process', maxQueuedRows: 10_000 })
  for (const row of rows) await store.append([row])
  await store.close()
  return file
}

const encoder: EncoderInfo = { id: 'use-lite', precision: 'int8', dim: 2, sha256: 'c'.repeat(64) }
const options: LogOptions = {
  definition: { signals: {}, waitMs: 1000 },
  keyShare: 0.5,
  encoder,
  route: 'auto',
  prices: { large: [1, 2] },
  now: sampleOutcome('').at,
}

interface Asked {
  readonly candidate?: 'small' | 'large'
  readonly chances?: readonly number[]
  readonly tenant?: string
  readonly value?: number | null
  readonly vector?: readonly number[]
  readonly policy?: string | null
}

function logged(id: string, asked: Asked = {}): LogRow[] {
  const { candidate = 'small', chances = [0.75, 0.25], tenant = 'team-a', value = 1, vector = [1, 0] } = asked
  const considered = { ...sampleDecision('').considered!, chances }
  const query = { hash: id, chars: 9, inputTokens: 31, features: FEATURES.map((_, i) => i / 100), embedded: true }
  const { policy = null } = asked
  const decision = sampleDecision(id, { candidate, considered, tenant, query, policy, route: 'auto' })
  return [
    { table: 'decisions', row: decision },
    { table: 'outcomes', row: sampleOutcome(id, { candidate }) },
    { table: 'embeddings', row: { hash: id, encoder: encoder.id, vector: Float32Array.from(vector), at: 1 } },
    ...(value === null
      ? []
      : [{ table: 'feedback', row: { decision: id, principal: tenant, value, source: 'user', at: 9 } } as const]),
  ]
}

it('knows the drawn outcome of each decision, the chances, the range and the parent', async () => {
  const parent = 'b'.repeat(64)
  const file = await writeLog([
    ...logged('unscored', { value: null }),
    ...logged('first', { value: 0.5 }),
    ...logged('second', { candidate: 'large', policy: parent }),
  ])
  const { set, log, parent: found } = readLogSet(file, options)
  expect(set.candidates.map(({ id }) => id)).toEqual(['small', 'large'])
  expect([...set.quality]).toEqual([0.5, Number.NaN, Number.NaN, 1])
  expect([...set.chances!]).toEqual([0.75, 0.25, 0.75, 0.25])
  expect(log).toMatchObject({ first: 2, last: 3, leftOut: { unscored: 1, crowded: 0, lonely: 0 } })
  expect(found).toBe(parent)
  const queries = await queriesOf(set, [0, 1], { encoder: null, cacheDir: folder })
  expect(queries.get(0)?.inputTokens).toBe(31)
  expect(set.queries[0]?.logged?.vectors.get('use-lite')).toEqual(Float32Array.of(1, 0))
  // Without the candidate of whom nothing is known the others' chances sum to 1 again.
  const alone = readLogSet(await writeLog(logged('one')), options)
  expect([...alone.set.chances!]).toEqual([1])
})

it('leaves out what a key says beyond its share and texts far from all others, and hashes what is left', async () => {
  const random = createRandom(1)
  const near = () => {
    const angle = 0.3 * random()
    return [Math.cos(angle), Math.sin(angle)]
  }
  const rows = [
    ...Array.from({ length: 60 }, (_, i) => logged(`loud-${i}`, { tenant: 'loud', vector: near() })),
    ...Array.from({ length: 30 }, (_, i) => logged(`calm-${i}`, { tenant: `calm-${i % 2}`, vector: near() })),
    logged('far', { tenant: 'calm-0', vector: [-1, 0] }),
  ].flat()
  const { set, rows: kept, log } = readLogSet(await writeLog(rows), options)
  expect(log.leftOut).toMatchObject({ crowded: 60 - 31, lonely: 1 })
  expect(kept.map(({ decision }) => decision.id)).not.toContain('far')
  expect(set.queries).toHaveLength(61)
  const again = readLogSet(await writeLog(rows), options)
  expect(again.set.sha256).toBe(set.sha256)
  const other = readLogSet(await writeLog([...rows, ...logged('more')]), options)
  expect(other.set.sha256).not.toBe(set.sha256)
})

it('says what is lacking where there is nothing to learn from', async () => {
  const file = await writeLog(logged('unscored', { value: null }))
  expect(() => readLogSet(file, options)).toThrow(/no decision of the route auto can be learned from \(unscored 1\)/)
})
