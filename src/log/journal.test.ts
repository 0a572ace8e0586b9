import { expect, it } from 'vitest'
import type { LogRow, Store } from '../spec.ts'
import { sampleDecision, sampleOutcome } from './contract.ts'
import { createJournal, type JournalOptions } from './journal.ts'
import { createMemoryStore } from './memory.ts'

const TEXT = 'a text nobody may keep'
const vector: LogRow = {
  table: 'embeddings',
  row: { hash: 'h', encoder: 'e', vector: Float32Array.of(1, 0), at: 1 },
}
const decided = (id: string): LogRow => ({
  table: 'decisions',
  row: sampleDecision(id, { query: { ...sampleDecision(id).query, text: TEXT } }),
})
const texts = (id: string): LogRow[] => [
  decided(id),
  { table: 'outcomes', row: sampleOutcome(id, { answer: TEXT }) },
  {
    table: 'feedback',
    row: { decision: id, principal: 'p', value: 1, source: 'user', comment: TEXT, at: 1 },
  },
]

/** A log in memory that says what it was given, and can be told to fail. */
function watched(options: Partial<JournalOptions> = {}) {
  const memory = createMemoryStore()
  const given: LogRow['table'][][] = []
  const state = { fails: false }
  const store: Store = {
    ...memory,
    append: (rows, patience) => {
      given.push(rows.map(({ table }) => table))
      return state.fails ? Promise.reject(new Error('down')) : memory.append(rows, patience)
    },
  }
  const journal = createJournal(store, { retention: () => ({ text: false }), maxKnownVectors: 2, ...options })
  return { journal, memory, given, state }
}

it('keeps no text, whoever put it there, until the configuration says so', async () => {
  const retention = { text: false }
  const { journal } = watched({ retention: () => retention })
  await journal.append(texts('a'))
  const found = await journal.decision('a')
  expect(found?.feedback).toHaveLength(1)
  expect(JSON.stringify(found)).not.toContain(TEXT)
  retention.text = true
  await journal.append(texts('b'))
  expect(JSON.stringify(await journal.decision('b')).split(TEXT)).toHaveLength(4)
})

it('sends a vector once it is not known to be stored, and no more', async () => {
  const { journal, given, state, memory } = watched()
  state.fails = true
  await expect(journal.append([decided('a'), vector])).rejects.toThrow('down')
  state.fails = false
  await journal.append([decided('a'), vector])
  await journal.append([decided('b'), vector])
  expect(given).toEqual([['decisions', 'embeddings'], ['decisions', 'embeddings'], ['decisions']])
  expect(await memory.embedding('h', 'e')).toEqual(vector.row.vector)
  // Another encoder's vector of the same text is another vector.
  await journal.append([{ ...vector, row: { ...vector.row, encoder: 'other' } }])
  expect(given.at(-1)).toEqual(['embeddings'])
})

it('remembers a bounded number of vectors', async () => {
  const { journal, given } = watched()
  for (const hash of ['1', '2', '3', '1']) await journal.append([{ ...vector, row: { ...vector.row, hash } }])
  expect(given.flat()).toHaveLength(4)
})
