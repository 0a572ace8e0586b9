import { testEstimator } from '../contract.ts'
import { lowRank } from './lowRank.ts'

testEstimator(lowRank)
for (const link of ['product', 'irt'] as const) {
  testEstimator({ ...lowRank, name: `low-rank (${link})`, defaults: { ...lowRank.defaults, link } })
}
