/** What of a client's words the Worker keeps. */
import { describePrivacy } from './suites/privacy.ts'
import { startWorker } from './worker.ts'

describePrivacy('the Worker', startWorker)
