/** The online judge in the Node gateway, and what a configuration with one must have. */
import { afterAll, expect, it } from 'vitest'
import type { ConfigInput } from '../src/config/schema.ts'
import { candidateAt } from './config.ts'
import { removeFolder, run, startGateway } from './gateway.ts'
import { describeJudge, judgeConfig } from './suites/judge.ts'

describeJudge('the Node gateway', startGateway)

const folders: string[] = []
afterAll(() => folders.forEach(removeFolder))

it.each([
  ['the texts', { log: { text: false } }, 'set log.text to true'],
  ['its name', { keys: [{ name: 'judge', sha256: 'a'.repeat(64) }] }, 'the name "judge" is taken'],
  [
    'a price',
    { candidates: ['worker', 'caller', 'judge'].map((id) => candidateAt('openai', id, { price: null })) },
    'what "judge" costs is not known',
  ],
])('needs %s', async (_, changes: Partial<ConfigInput>, message) => {
  const config = { ...judgeConfig('http://127.0.0.1:1/v1', { wire: 'openai', usdPerDay: 1 }), ...changes }
  const { code, output, folder } = await run(['check'], { config })
  folders.push(folder)
  expect([code, output]).toEqual([2, expect.stringContaining(message)])
})
