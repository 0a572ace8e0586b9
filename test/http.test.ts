/** HTTP itself, through the Node gateway. */
import { startGateway } from './gateway.ts'
import { describeHttp } from './suites/http.ts'

describeHttp('the Node gateway', startGateway, { decodes: false })
