import { describeStore } from './contract.ts'
import { describeLearning } from './learning.contract.ts'
import { describeMaintenance } from './maintenance.contract.ts'
import { createMemoryStore } from './memory.ts'

describeStore('in memory', async () => createMemoryStore())
describeMaintenance('in memory', async () => createMemoryStore())
describeLearning('in memory', async () => createMemoryStore())
