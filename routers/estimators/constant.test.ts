import { testEstimator } from '../contract.ts'
import { constant } from './constant.ts'

testEstimator(constant, {
  skip: [
    { test: 'claims full support for no query without a vector', reason: 'it looks at no query' },
    { test: 'learns a planted signal: closer to the truth than the mean of each candidate', reason: 'it is that mean' },
    { test: 'is less sure of a query unlike all that it saw', reason: 'it looks at no query' },
  ],
})
