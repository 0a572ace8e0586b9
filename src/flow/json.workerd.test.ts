import { describeJson } from './json.contract.ts'

describeJson('a Worker')
