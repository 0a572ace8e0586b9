/** Cascades through the Node gateway. */
import { startGateway } from './gateway.ts'
import { describeCascades } from './suites/cascades.ts'

describeCascades('the Node gateway', startGateway)
