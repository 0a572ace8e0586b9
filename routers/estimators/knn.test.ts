import { testEstimator } from '../contract.ts'
import { knn } from './knn.ts'

testEstimator(knn)
