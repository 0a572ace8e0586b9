/** Upstreams that break and clients that leave, through the Worker. */
import { describeFaults } from './suites/faults.ts'
import { startWorker } from './worker.ts'

describeFaults('the Worker', startWorker)
