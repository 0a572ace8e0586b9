/** Keys and secrets of the Worker. */
import { describeKeys } from './suites/keys.ts'
import { startWorker } from './worker.ts'

describeKeys('the Worker', startWorker)
