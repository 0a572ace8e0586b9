/** `switchyard replay` as a process: a policy serves through the real gateway exactly as the evaluation says. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createRandom } from '../src/train/random.ts'
import { newFolder, removeFolder, root, run } from './gateway.ts'

const folder = newFolder()
afterAll(() => removeFolder(folder))

const replayOf = async (data: string, ...args: string[]) => {
  const { code, output } = await run(['replay', '--data', data, '--limit', '12', '--json', ...args], { folder })
  expect(code, output).toBe(0)
  return JSON.parse(output)
}
const replay = (...args: string[]) => replayOf(`${root}/models/demo/demo`, ...args)

/** Multiple choice with every answer recorded: two cheap models that are right now and then, a dear one that mostly is. */
function recordedChoices(): string {
  const random = createRandom(1)
  const chances = { small: 0.7, other: 0.7, large: 0.95 }
  const lines = Array.from({ length: 240 }, (_, i) => {
    const right = Math.floor(4 * random())
    return Object.entries(chances).map(([model, chance]) => {
      const picked = random() < chance ? right : (right + 1 + Math.floor(3 * random())) % 4
      return JSON.stringify({
        prompt: `Question ${i}: which is it?\nA) one\nB) two\nC) three\nD) four\nAnswer:`,
        model,
        quality: picked === right ? 1 : 0,
        split: i < 160 ? 'train' : 'test',
        input_tokens: 30,
        output_tokens: 2 + picked,
        answer: 'ABCD'[picked],
      })
    })
  })
  const file = join(folder, 'choices.jsonl')
  writeFileSync(file, lines.flat().join('\n'))
  return file
}

describe('served as evaluated:', () => {
  it.each([
    ['an estimator of several', ['--estimator', 'stack']],
    [
      'a planner that draws',
      ['--estimator', 'linear', '--planner', 'budget', '--planner-options', '{"usdPerThousand":0.6}'],
    ],
    [
      'a map of named categories',
      ['--estimator', 'domains', '--planner', 'category-map', '--planner-options', '{"usdPerThousand":0.6}'],
    ],
  ])(
    '%s',
    async (_, args) => {
      const { differences, nearTies, requests, rows, lambdas } = await replay(...args)
      expect({ differences, nearTies }).toEqual({ differences: [], nearTies: [] })
      expect(requests).toBe(36)
      expect(rows).toMatchObject({ decisions: 36, outcomes: 36 })
      expect(lambdas.map(({ queries }: { queries: number }) => queries)).toEqual([12, 12, 12])
    },
    120_000,
  )
})

describe.each([
  ['the gateway', []],
  ['the Worker', ['--worker']],
])('through %s', { timeout: 180_000 }, (_, through) => {
  it('a cascade: every step asked, the answer that came back and the cost of all steps', async () => {
    const columns = {
      ...{ prompt: 'prompt', model: 'model', quality: 'quality', split: 'split', answer: 'answer' },
      ...{ inputTokens: 'input_tokens', outputTokens: 'output_tokens' },
      prices: { small: [1, 1], other: [1.2, 1.2], large: [60, 60] },
    }
    const args = ['--estimator', 'constant', '--planner', 'cascade', '--columns', JSON.stringify(columns)]
    const { differences, nearTies, rows, lambdas } = await replayOf(recordedChoices(), ...args, ...through)
    expect({ differences, nearTies }).toEqual({ differences: [], nearTies: [] })
    expect(rows).toMatchObject({ decisions: 36, outcomes: 36 })
    expect(rows.attempts).toBeGreaterThan(36)
    for (const { calls, costUsd, offlineCostUsd, quality, offlineQuality } of lambdas) {
      expect(calls).toBeGreaterThanOrEqual(1)
      expect(calls).toBeLessThanOrEqual(3)
      expect(costUsd).toBeCloseTo(offlineCostUsd, 12)
      expect(quality).toBeCloseTo(offlineQuality, 12)
    }
  })

  it('a bandit learns from the scores of its clients while it serves, and every decision follows from the log', async () => {
    const { differences, nearTies, rows } = await replay('--preset', 'bandit', ...through)
    expect({ differences, nearTies }).toEqual({ differences: [], nearTies: [] })
    expect(rows).toMatchObject({ decisions: 36, feedback: 36, rewards: 36 })
  })
})
