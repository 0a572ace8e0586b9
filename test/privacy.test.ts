/** What of a client's words the Node gateway keeps. */
import { startGateway } from './gateway.ts'
import { describePrivacy } from './suites/privacy.ts'

describePrivacy('the Node gateway', startGateway)
