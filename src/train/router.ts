/** Routers as an evaluation sees them: functions of a set's rows. */

/** The column of the candidate chosen for a row of the set at λ. */
export type Choose = (row: number, lambda: number) => number

/** What a router without a guard decides, and the quality of each candidate that it expects, in the set's order. */
export interface Plain {
  readonly choose: Choose
  predict(row: number): Float64Array
}
