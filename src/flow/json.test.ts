import { describeJson } from './json.contract.ts'

describeJson('Node')
