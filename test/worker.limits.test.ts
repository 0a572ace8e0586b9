/** Limits and budgets, through the Worker. */
import { describeLimits } from './suites/limits.ts'
import { startWorker } from './worker.ts'

describeLimits('the Worker', startWorker)
