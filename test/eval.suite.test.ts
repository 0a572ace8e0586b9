/** `switchyard eval --suite` as a process, on a folder with small sets of the names and models that the suite knows. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Comparison } from '../src/train/compare.ts'
import { newFolder, removeFolder, run } from './gateway.ts'

const folder = newFolder()
const data = join(folder, 'sets')
const report = join(folder, 'suite.html')

/** Each model answers rightly where `right` says so. */
function writeSet(
  name: string,
  models: Readonly<Record<string, readonly [number, number]>>,
  tasks: readonly (readonly [task: string, split: string, count: number])[],
  right: (model: string, i: number) => boolean,
): void {
  const queries = tasks.flatMap(([task, split, count]) =>
    Array.from({ length: count }, (_, i) => ({
      id: `${task}-${split}-${i}`,
      task,
      split,
      prompt: `${task} ${split} question ${i}?`,
    })),
  )
  const outcomes = queries.flatMap(({ id }, i) =>
    Object.entries(models).map(([model, [input, output]]) =>
      [id, model, right(model, i) ? 1 : 0, (10 * input + 100 * output) / 1e6, 10, 100].join(','),
    ),
  )
  writeFileSync(join(data, `${name}.queries.jsonl`), queries.map((query) => JSON.stringify(query)).join('\n'))
  writeFileSync(
    join(data, `${name}.outcomes.csv`),
    ['query_id,model,quality,cost_usd,input_tokens,output_tokens', ...outcomes].join('\n'),
  )
  writeFileSync(join(data, `${name}.meta.json`), JSON.stringify({ models_usd_per_1m: models }))
}

let sets: Comparison[]
let table: string
beforeAll(async () => {
  mkdirSync(data)
  const strong = 'gpt-4-1106-preview'
  writeSet(
    'routellm',
    { 'mistralai/Mixtral-8x7B-Instruct-v0.1': [0.2, 0.2], [strong]: [20, 20] },
    [
      ['mmlu', 'train', 30],
      ['mmlu', 'test', 40],
      ['gsm8k', 'train', 20],
      ['gsm8k', 'test', 24],
    ],
    (model, i) => model === strong || i % 2 === 0,
  )
  writeSet(
    'routerbench_rdc',
    { 'mistralai/mixtral-8x7b-chat': [0.6, 0.6], other: [1, 1], [strong]: [10, 30] },
    [
      ['mbpp', 'train', 40],
      ['mbpp', 'test', 10],
    ],
    (model, i) => model === strong || i % 4 === 0,
  )
  const suite = ['eval', '--suite', '--data', data, '--estimators', 'constant', '--draws', '40']
  const plain = await run([...suite, '--report', report], { folder })
  expect(plain.code, plain.output).toBe(0)
  table = plain.output
  const { code, output } = await run([...suite, '--json'], { folder })
  expect(code, output).toBe(0)
  sets = JSON.parse(output).sets
}, 120_000)
afterAll(() => removeFolder(folder))

it('runs what the sets in the folder allow, each task apart, and says what is missing', () => {
  expect(sets.map(({ set, view, queries }) => [set, view, queries])).toEqual([
    ['routellm', 'gsm8k', 24],
    ['routellm', 'mmlu', 40],
    ['routellm from routerbench_rdc', 'gsm8k', 24],
    ['routellm from routerbench_rdc', 'mmlu', 40],
    ['routerbench_rdc', null, 10],
    ['routerbench_rdc', 'mbpp', 10],
  ])
  expect(table).toContain('has no set routerdc7')
  expect(table).toContain('has no set fusionbench')
})

it('learns of the same pair elsewhere, at the prices of the set that is judged', () => {
  const [, , gsm8k] = sets
  expect(gsm8k!.parts).toEqual([{ name: 'test', train: 40, test: 24 }])
  expect(gsm8k!.candidates).toEqual(['mistralai/Mixtral-8x7B-Instruct-v0.1', 'gpt-4-1106-preview'])
  expect(gsm8k!.singles[1]!.costUsd).toBeCloseTo((110 * 20) / 1e6, 12)
  expect(gsm8k!.singles.map(({ quality }) => quality.value)).toEqual([0.5, 1])
})

it('sets ours beside the published figure, with source and what differs', () => {
  // A constant ranks nothing: 0.5, which is 0.603 − 0.103.
  expect(table).toMatch(/published[^\n]*0\.622[^\n]*0\.603/)
  expect(table).toMatch(/−0\.1220[^\n]*−0\.1030/)
  expect(table).toContain('Source: arXiv 2406.18665')
  const html = readFileSync(report, 'utf8')
  expect(html).toContain('Beside what was published')
  expect(html).toContain('−0.1030 to published')
  expect(html).not.toMatch(/NaN|Infinity|undefined/u)
})
