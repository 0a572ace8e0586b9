/** `switchyard replay` as a process: a policy serves through the real gateway exactly as the evaluation says. */
import { afterAll, describe, expect, it } from 'vitest'
import { newFolder, removeFolder, root, run } from './gateway.ts'

const folder = newFolder()
afterAll(() => removeFolder(folder))

const replay = async (...args: string[]) => {
  const { code, output } = await run(
    ['replay', '--data', `${root}/models/demo/demo`, '--limit', '12', '--json', ...args],
    { folder },
  )
  expect(code, output).toBe(0)
  return JSON.parse(output)
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
