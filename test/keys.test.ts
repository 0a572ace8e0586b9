/** Keys and secrets of the Node gateway. */
import { startGateway } from './gateway.ts'
import { describeKeys } from './suites/keys.ts'

describeKeys('the Node gateway', startGateway)
