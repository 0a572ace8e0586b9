import { testEstimator } from '../contract.ts'
import { difficulty } from './difficulty.ts'

testEstimator(difficulty)
