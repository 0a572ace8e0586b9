import { testPlanner } from '../contract.ts'
import { utility } from './utility.ts'

testPlanner(utility)
