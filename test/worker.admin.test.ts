/** The admin API of the Worker, and what the command line does with it. */
import { describeAdmin } from './suites/admin.ts'
import { describePull } from './suites/pull.ts'
import { startWorker } from './worker.ts'

describeAdmin('the Worker', startWorker)
describePull('the Worker', startWorker)
