import { testEstimator } from '../contract.ts'
import { cluster } from './cluster.ts'

testEstimator(cluster)
