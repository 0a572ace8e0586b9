/** `switchyard onboard` as a process: a model that comes later, graded on prompts of its own, joins a policy. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { decodePolicy } from '../src/policy/file.ts'
import { candidateAt, NO_ENCODER } from './config.ts'
import { newFolder, removeFolder, run } from './gateway.ts'

/** Half of the prompts are sums, half are poems; a model is right on the one or on the other. */
function writeSet(path: string, models: Readonly<Record<string, 'sum' | 'poem'>>, count: number): string {
  const names = Object.keys(models)
  const tasks = Array.from({ length: count }, (_, i) => (i % 2 === 0 ? 'sum' : 'poem'))
  const prompts = tasks.map((task, i) =>
    task === 'sum' ? `What is ${i} + ${3 * i} * 4?` : `Write a poem about the moon\nover field number ${i}`,
  )
  const queries = prompts.map((prompt, i) =>
    JSON.stringify({ id: `q${i}`, split: i < count / 4 ? 'test' : 'train', prompt }),
  )
  const outcomes = tasks.flatMap((task, i) =>
    names.map((name) => `q${i},${name},${models[name] === task ? 1 : 0},0.001,10,100`),
  )
  writeFileSync(`${path}.queries.jsonl`, queries.join('\n'))
  writeFileSync(
    `${path}.outcomes.csv`,
    ['query_id,model,quality,cost_usd,input_tokens,output_tokens', ...outcomes].join('\n'),
  )
  writeFileSync(
    `${path}.meta.json`,
    JSON.stringify({ models_usd_per_1m: Object.fromEntries(names.map((name) => [name, [0, 10]])) }),
  )
  return path
}

const folder = newFolder()
const config = {
  providers: { demo: { kind: 'demo' as const } },
  candidates: [candidateAt('demo', 'demo-sage')],
  encoder: NO_ENCODER,
}
let known: string
let graded: string
beforeAll(async () => {
  mkdirSync(join(folder, 'data'))
  known = writeSet(join(folder, 'data/known'), { counter: 'sum', poet: 'poem' }, 160)
  graded = writeSet(join(folder, 'data/graded'), { newcomer: 'sum' }, 120)
  const out = join(folder, 'trained.safetensors')
  const args = ['train', '--data', known, '--estimator', 'cluster', '--out', out]
  const { code, output } = await run(args, { folder, config })
  expect(code, output).toBe(0)
}, 60_000)
afterAll(() => removeFolder(folder))

const onboard = (...args: string[]) => run(['onboard', '--policy', 'trained.safetensors', ...args], { folder })

it('writes a policy that knows the newcomer, or stores it', async () => {
  const { code, output } = await onboard('--data', graded, '--model', 'newcomer', '--out', 'grown.safetensors')
  expect(code, output).toBe(0)
  const grown = await decodePolicy(readFileSync(join(folder, 'grown.safetensors')))
  expect(output).toContain(`Policy ${grown.id} knows newcomer too, from 90 graded prompts of mean quality 0.5000.`)
  expect(grown.manifest.candidates).toEqual(['counter', 'poet', 'newcomer'])

  const stored = await onboard('--data', graded, '--model', 'newcomer', '--rows', '40')
  const id = /switchyard promote ([0-9a-f]{12})/.exec(stored.output)?.[1]
  const shown = JSON.parse((await run(['policies', 'show', id!], { folder })).output)
  expect(shown).toMatchObject({
    parent: (await decodePolicy(readFileSync(join(folder, 'trained.safetensors')))).id,
    onboarded: [{ candidate: 'newcomer', source: 'graded', rows: 40 }],
  })
  const again = await run(['onboard', '--policy', id!, '--data', graded, '--model', 'newcomer'], { folder })
  expect([again.code, again.output]).toEqual([2, expect.stringContaining("knows the candidate 'newcomer' already")])
})

it('says what is wrong with what it is given', async () => {
  const refused = async (...args: string[]) => {
    const { code, output } = await run(['onboard', '--data', graded, '--model', 'newcomer', ...args], { folder })
    expect(code).toBe(2)
    return output
  }
  expect(await refused('--policy', 'trained.safetensors', '--rows', '0')).toContain(
    '--rows must be a whole number of 1 or more, not 0.',
  )
  expect(await refused('--policy', 'nowhere.safetensors')).toContain(
    'There is no policy file nowhere.safetensors that can be read.',
  )
})
