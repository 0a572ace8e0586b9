/** A worker thread of an evaluation. */
export { runJob as default } from './eval.job.ts'
