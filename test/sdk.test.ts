/** The official clients through the Node gateway. */
import { startGateway } from './gateway.ts'
import { describeSdk } from './suites/sdk.ts'

describeSdk('the Node gateway', startGateway)
