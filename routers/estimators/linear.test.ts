import { testEstimator } from '../contract.ts'
import { linear } from './linear.ts'

testEstimator(linear)
