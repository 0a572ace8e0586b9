/** HTTP itself, through the Worker. */
import { describeHttp } from './suites/http.ts'
import { startWorker } from './worker.ts'

describeHttp('the Worker', startWorker, { decodes: true })
