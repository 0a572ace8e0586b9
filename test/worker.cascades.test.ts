/** Cascades through the Worker. */
import { describeCascades } from './suites/cascades.ts'
import { startWorker } from './worker.ts'

describeCascades('the Worker', startWorker)
