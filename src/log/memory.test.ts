import { describeStore } from './contract.ts'
import { createMemoryStore } from './memory.ts'

describeStore('in memory', async () => createMemoryStore())
