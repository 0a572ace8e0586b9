/** A worker thread of an evaluation. */
export { runJob as default } from './job.ts'
