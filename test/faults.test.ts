/** Upstreams that break and clients that leave, through the Node gateway. */
import { startGateway } from './gateway.ts'
import { describeFaults } from './suites/faults.ts'

describeFaults('the Node gateway', startGateway)
