/** The official clients through the Worker. */
import { describeSdk } from './suites/sdk.ts'
import { startWorker } from './worker.ts'

describeSdk('the Worker', startWorker)
