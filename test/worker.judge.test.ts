/** The online judge in the Worker: D1 has the log, a Durable Object its budget. */
import { describeJudge } from './suites/judge.ts'
import { startWorker } from './worker.ts'

describeJudge('the Worker', startWorker)
