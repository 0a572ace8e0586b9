/** The estimators of a policy's value, in the order in which they are shown. The verdict is by `dr`. */
import { directMethod } from './directMethod.ts'
import { doublyRobust } from './doublyRobust.ts'
import { inversePropensity, selfNormalised } from './inversePropensity.ts'
import type { ValueEstimator } from './sample.ts'
import { switchDoublyRobust } from './switchDoublyRobust.ts'

export const ESTIMATORS = {
  dm: directMethod,
  ips: inversePropensity,
  snips: selfNormalised,
  dr: doublyRobust,
  'switch-dr': switchDoublyRobust,
} as const satisfies Readonly<Record<string, ValueEstimator>>
export type EstimatorName = keyof typeof ESTIMATORS
