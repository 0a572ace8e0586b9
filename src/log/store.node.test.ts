import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { describeStore } from './contract.ts'
import { openStore } from './store.node.ts'

const folder = mkdtempSync(join(tmpdir(), 'switchyard-log-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
const newFile = () => join(folder, `log-${files++}.db`)

describeStore('SQLite', () => openStore({ file: newFile(), durability: 'process', maxQueuedRows: 10_000 }))
