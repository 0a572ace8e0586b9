/** What `--data` takes, through the commands: a table with names of its own, and the gateway's own log. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Comparison } from '../src/train/compare.ts'
import { ask, user } from './clients.ts'
import { settled } from './decisions.ts'
import { type Gateway, newFolder, removeFolder, run, startGateway } from './gateway.ts'

const SETTINGS = ['--estimators', 'linear', '--draws', '20', '--json']

describe('a table', () => {
  const folder = newFolder()
  afterAll(() => removeFolder(folder))
  const columns = {
    prompt: 'question',
    id: 'key',
    task: 'kind',
    split: 'part',
    quality: '* grade',
    costUsd: '* price',
    inputTokens: 'in',
    outputTokens: 'out',
    qualityRange: [0, 10],
    prices: { cheap: [0, 10], dear: [0, 100] },
  }

  /** The same as a set of three files and as one table: sums that only `dear` can do, and poems that both write. */
  function writeBoth(): void {
    const [queries, outcomes, rows] = [
      [] as object[],
      ['query_id,model,quality,cost_usd,input_tokens,output_tokens'],
      ['key,question,kind,part,in,out,cheap grade,dear grade,cheap price,dear price'],
    ]
    for (let i = 0; i < 90; i++) {
      const [split, task] = [i < 60 ? 'train' : 'test', i % 2 === 1 ? 'poem' : 'sum']
      const prompt = task === 'poem' ? `Write a "poem"\nabout field ${i}` : `What is ${i}, plus ${3 * i}?`
      const cheap = task === 'poem' ? 1 : 0
      queries.push({ id: `q${i}`, task, split, prompt })
      outcomes.push(`q${i},cheap,${cheap},0.001,10,100`, `q${i},dear,0.9,0.01,10,100`)
      rows.push(`q${i},"${prompt.replaceAll('"', '""')}",${task},${split},10,100,${10 * cheap},9,0.001,0.01`)
    }
    mkdirSync(join(folder, 'set'))
    writeFileSync(join(folder, 'set/tiny.queries.jsonl'), queries.map((query) => JSON.stringify(query)).join('\n'))
    writeFileSync(join(folder, 'set/tiny.outcomes.csv'), outcomes.join('\n'))
    writeFileSync(join(folder, 'set/tiny.meta.json'), JSON.stringify({ models_usd_per_1m: columns.prices }))
    writeFileSync(join(folder, 'table.csv'), rows.join('\n'))
    writeFileSync(join(folder, 'columns.json'), JSON.stringify(columns))
  }

  /** The figures, without what names the data and without times. */
  async function figures(...args: string[]): Promise<string> {
    const { code, output } = await run(['eval', ...args, ...SETTINGS], { folder })
    expect(code, output).toBe(0)
    const { sets }: { sets: Comparison[] } = JSON.parse(output)
    expect(sets.map(({ queries }) => queries)).toEqual([30])
    return JSON.stringify(sets, (key, value) => (['set', 'sha256', 'time'].includes(key) ? undefined : value))
  }

  it('is evaluated to the same figures as a set', async () => {
    writeBoth()
    const expected = await figures('--data', 'set')
    expect(await figures('--data', 'table.csv', '--columns', 'columns.json')).toBe(expected)
  }, 120_000)

  it('is refused with the names of its columns when they are not those that were said', async () => {
    const named = JSON.stringify({ ...columns, split: 'set' })
    const { code, output } = await run(['eval', '--data', 'table.csv', '--columns', named, ...SETTINGS], { folder })
    expect(code).toBe(2)
    expect(output).toMatch(/switchyard: table\.csv: there is no column "set" \(split\); it has "key", "question"/)
  })
})

describe('the log of a gateway', () => {
  const ASKED = 8
  let gateway: Gateway
  let log: string
  beforeAll(async () => {
    gateway = await startGateway()
    for (let i = 0; i < ASKED; i++) {
      const turns = [user(`What is ${i} times ${i + 1}?`)]
      const model = i % 3 === 0 ? 'auto:best' : 'auto:cheap'
      const { headers } = await ask('openai', gateway.url, { model, stream: false, turns })
      const decision = headers.get('x-switchyard-decision')
      await settled(gateway.url, decision)
      if (i === 0) continue
      const body = JSON.stringify({ decision, value: i % 2 })
      const scored = await fetch(`${gateway.url}/v1/feedback`, { method: 'POST', body })
      expect(scored.status).toBeLessThan(300)
    }
    log = join(gateway.data, 'switchyard.sqlite')
  })
  afterAll(() => gateway.discard())

  it('is learned from while it is written, by scores and stored vectors, and says what that is worth', async () => {
    const learn = ['train', '--from', log, '--estimator', 'knn', '--out', 'own.safetensors']
    const { code, output } = await run(learn, gateway)
    expect(code, output).toBe(0)
    expect(output).toContain(`knn, ${ASKED - 1} rows`)
    expect(output).toContain(`Learned from ${ASKED - 1} decisions of switchyard.sqlite, numbers 2 to ${ASKED}.`)
    expect(output).toContain('1: nothing is known of what the answer was worth, or not yet')
    const { output: printed } = await run([...learn, '--json'], gateway)
    const { trainedOn, guard, evaluation } = JSON.parse(printed)
    expect(trainedOn).toMatchObject({
      source: 'switchyard.sqlite',
      rows: ASKED - 1,
      log: { first: 2, last: ASKED, leftOut: { unscored: 1, crowded: 0, lonely: 0 } },
    })
    expect(guard.quality.every((value: number) => value > 0 && value < 1)).toBe(true)
    expect(evaluation).toBeNull()
  }, 120_000)

  it.each(['eval', 'train'])('is not what %s --data takes: it says what does', async (command) => {
    const { code, output } = await run([command, '--data', log], gateway)
    expect(code).toBe(2)
    expect(output).toMatch(/the log of a gateway knows one answer to each request\. `train --from` learns from it/)
  })
})
