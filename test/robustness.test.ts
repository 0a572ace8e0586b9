/** `switchyard robustness` as a process, on a recorded set in which sums and poems go to different models. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Robustness } from '../src/cli/robustness.table.ts'
import { newFolder, removeFolder, run } from './gateway.ts'

/** `cheap` is right on every poem and on no sum, `dear` on every sum and on nine of ten poems, for ten times the money. */
function writeSet(folder: string): void {
  mkdirSync(folder)
  const queries: object[] = []
  const outcomes = ['query_id,model,quality,cost_usd,input_tokens,output_tokens']
  for (let i = 0; i < 120; i++) {
    const poem = i % 2 === 1
    const prompt = poem ? `Write a poem about the moon over field ${i}.` : `What is ${i} plus ${3 * i}?`
    queries.push({ id: `q${i}`, task: poem ? 'poem' : 'sum', split: i < 80 ? 'train' : 'test', prompt })
    outcomes.push(`q${i},cheap,${poem ? 1 : 0},0.001,10,100`)
    outcomes.push(`q${i},dear,${poem && i % 10 === 1 ? 0 : 1},0.01,10,100`)
  }
  writeFileSync(join(folder, 'tiny.queries.jsonl'), queries.map((query) => JSON.stringify(query)).join('\n'))
  writeFileSync(join(folder, 'tiny.outcomes.csv'), outcomes.join('\n'))
  const prices = { cheap: [0, 10], dear: [0, 100] }
  writeFileSync(join(folder, 'tiny.meta.json'), JSON.stringify({ models_usd_per_1m: prices }))
}

const folder = newFolder()
const data = join(folder, 'data')
const ARGUMENTS = ['robustness', '--data', data, '--draws', '50', '--queries', '20', '--evaluations', '10']
const judge = async (...args: string[]): Promise<Robustness> => {
  const { code, output } = await run([...ARGUMENTS, '--json', ...args], { folder })
  expect(code, output).toBe(0)
  return JSON.parse(output).sets[0]
}

let judged: Robustness
beforeAll(async () => {
  writeSet(data)
  judged = await judge('--estimators', 'knn', '--unguarded', '--aims', '0,60%,20', '--prefixes', '1')
}, 120_000)
afterAll(() => removeFolder(folder))

const routerOf = (name: string) => judged.routers.find((router) => router.name === name)!

describe('the figures', () => {
  it('name routers, perturbations and the dearest model', () => {
    expect(judged.routers.map(({ name }) => name)).toEqual([
      'best constant',
      'prompt length',
      'TF-IDF ridge',
      'knn',
      'knn, no guard',
    ])
    expect(judged.perturbations.map(({ name }) => name)).toEqual([
      'case',
      'whitespace',
      'typos',
      'paraphrase',
      'prefix',
      'suffix',
    ])
    expect(judged.dearest).toBe('dear')
    expect(judged.queries).toBe(20)
  })

  it('of the best constant are those of one model that nothing moves', () => {
    for (const [a, at] of routerOf('best constant').at.entries()) {
      expect(at!.overall.flips).toEqual({ value: 0, low: 0, high: 0 })
      expect(at!.overall.costRise.value).toBe(0)
      if (a !== 1) expect([0.001, 0.01]).toContain(Number(at!.costUsd.toPrecision(6)))
    }
  })

  it('of one perturbation average to those of all', () => {
    for (const { at } of judged.routers) {
      for (const one of at) {
        const { each, overall } = one!
        const mean = each.reduce((sum, { flips }) => sum + flips.value, 0) / each.length
        expect(overall.flips.value).toBeCloseTo(mean, 12)
      }
    }
  })

  it('have an attack where money is counted, and none at λ = 0', () => {
    for (const { at } of judged.routers)
      expect(at.map((one) => one!.attack?.searched.prefixes.length)).toEqual([undefined, 1, 1])
  })

  it('of a policy from a file are those of the same policy fitted here, at λ', async () => {
    const file = join(folder, 'knn.safetensors')
    const { code, output } = await run(['train', '--data', data, '--estimator', 'knn', '--out', file], { folder })
    expect(code, output).toBe(0)
    const { routers } = await judge('--policy', file, '--aims', '20', '--prefixes', '0')
    const loaded = routers.find(({ name }) => name === 'knn.safetensors')!
    expect(loaded.at[0]!.each).toEqual(routerOf('knn').at[2]!.each)
  }, 120_000)
})

describe('what it is told', () => {
  it('must name a router, aims that can be read, and whole numbers', async () => {
    for (const [args, said] of [
      [[], '--estimators'],
      [['--estimators', 'knn', '--aims', 'half'], "'half' is neither a λ"],
      [['--estimators', 'knn', '--prefixes', '1.5'], '--prefixes must be a whole number'],
    ] as const) {
      const { code, output } = await run([...ARGUMENTS, ...args], { folder })
      expect(code).toBe(2)
      expect(output).toContain(said)
    }
  }, 120_000)

  it('prints a table for people', async () => {
    const { code, output } = await run([...ARGUMENTS, '--estimators', 'constant', '--prefixes', '1'], { folder })
    expect(code, output).toBe(0)
    expect(output).toContain('25.0 % of the best constant’s cost')
    expect(output).not.toMatch(/NaN|undefined|Infinity/u)
  }, 120_000)
})
