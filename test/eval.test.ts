/** `switchyard eval` as a process, on a recorded set that is small enough to work every figure out by hand. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Comparison, Score } from '../src/train/compare.ts'
import { newFolder, removeFolder, run } from './gateway.ts'

/**
 * Half of the queries are sums, half are poems. `dear` is right on every sum and on four of five poems, `cheap` on every poem and on no
 * sum. `dear` costs $0.01 a query, `cheap` $0.001.
 */
function writeSet(folder: string): string {
  mkdirSync(folder)
  const queries: object[] = []
  const outcomes = ['query_id,model,quality,cost_usd,input_tokens,output_tokens']
  for (let i = 0; i < 120; i++) {
    const split = i < 80 ? 'train' : 'test'
    const poem = i % 2 === 1
    const prompt = poem ? `Write a poem about the moon over field ${i}` : `What is ${i} plus ${3 * i}?`
    queries.push({ id: `q${i}`, task: poem ? 'poem' : 'sum', split, prompt })
    outcomes.push(`q${i},cheap,${poem ? 1 : 0},0.001,10,100`)
    outcomes.push(`q${i},dear,${poem && i % 5 === 0 ? 0 : 1},0.01,10,100`)
  }
  writeFileSync(join(folder, 'tiny.queries.jsonl'), queries.map((query) => JSON.stringify(query)).join('\n'))
  writeFileSync(join(folder, 'tiny.outcomes.csv'), outcomes.join('\n'))
  writeFileSync(
    join(folder, 'tiny.meta.json'),
    JSON.stringify({ models_usd_per_1m: { cheap: [0, 10], dear: [0, 100] } }),
  )
  return folder
}

const folder = newFolder()
const data = join(folder, 'data')
const report = join(folder, 'report.html')
const evaluateIn = async (folder: string, ...args: string[]): Promise<{ sets: Comparison[] }> => {
  const { code, output } = await run(['eval', '--data', data, '--draws', '100', '--json', ...args], { folder })
  expect(code, output).toBe(0)
  return JSON.parse(output)
}

const evaluate = (...args: string[]) => evaluateIn(folder, ...args)

let official: Comparison
beforeAll(async () => {
  writeSet(data)
  const { sets } = await evaluate('--estimators', 'constant,knn', '--seeds', '2', '--report', report)
  official = sets[0]!
}, 120_000)
afterAll(() => removeFolder(folder))

const scoreOf = ({ scores }: Comparison, name: string): Score => scores.find((score) => score.name === name)!
const qualities = (score: Score) => score.reached.map((one) => one?.quality.value)
const costs = (score: Score) => score.reached.map((one) => one?.costShare.value)

describe('the figures', () => {
  it('name the constant, the oracle, and what chance gets', () => {
    expect(official.constants).toEqual(['dear'])
    expect(official.queries).toBe(40)
    expect(official.oracle[0]!.quality).toBeCloseTo(1, 12)
    expect(official.random.quality).toBeCloseTo((0.9 + 0.5) / 2, 12)
    expect(official.aims).toEqual([
      { kind: 'quality' },
      ...[0.1, 0.25, 0.5].map((share) => ({ kind: 'budget', share })),
      { kind: 'match' },
    ])
  })

  it('of the best constant are those of one model, and of mixing two for a budget', () => {
    const constant = scoreOf(official, 'best constant')
    const mixed = [0, 1 / 6, 4 / 9].map((dear) => 0.5 + 0.4 * dear)
    for (const [a, expected] of [0.9, ...mixed, 0.9].entries()) expect(qualities(constant)[a]).toBeCloseTo(expected, 9)
    for (const [a, expected] of [1, 0.1, 0.25, 0.5, 1].entries()) expect(costs(constant)[a]).toBeCloseTo(expected, 9)
    expect(constant.regret[0]!.value).toBeCloseTo(0.1, 12)
    expect(constant.reached[0]!.tasks).toEqual([0.8, 1])
  })

  it('of the task label follow from sending sums to one and poems to the other', () => {
    const label = scoreOf(official, 'best per task label')
    expect(qualities(label)[0]).toBeCloseTo(1, 12)
    expect(costs(label)[0]).toBeCloseTo(0.55, 9)
    expect(label.reached[0]!.lead.value).toBeCloseTo(0.1, 12)
    expect(label.reached[0]!.shares).toEqual([0.5, 0.5])
    // The constant's 0.9 lies four fifths of the way from all poems and sums to `cheap` (0.5) to each to its own (1).
    expect(qualities(label)[4]).toBeCloseTo(0.9, 9)
    expect(costs(label)[4]).toBeCloseTo(0.1 + 0.8 * 0.45, 9)
    expect(label.aiq.value).toBeCloseTo(0.875, 9)
    expect(label.pair!.apgr.value).toBeCloseTo(0.875, 9)
  })

  it('of a policy that looks at nothing are those of the constant', () => {
    const policy = scoreOf(official, 'constant · utility')
    expect(qualities(policy)[0]).toBeCloseTo(0.9, 12)
    expect(policy.reached[0]!.verdict).toMatchObject({ lead: 0, beats: false })
    expect(policy.calibration!.map(({ count }) => count)).toEqual([40, 40])
  })

  it('are the same in a run that starts from nothing, whatever the clock says', async () => {
    const elsewhere = newFolder()
    const { sets } = await evaluateIn(elsewhere, '--estimators', 'constant,knn', '--seeds', '2')
    removeFolder(elsewhere)
    const timeless = ({ scores, ...rest }: Comparison) => ({
      ...rest,
      scores: scores.map(({ time, ...score }) => score),
    })
    expect(timeless(sets[0]!)).toEqual(timeless(official))
  })

  it('of fits that are there already are taken from them, and a damaged one is fitted again', async () => {
    const kept = join(folder, '.switchyard/eval')
    const writtenAt = () => new Map(readdirSync(kept).map((name) => [name, statSync(join(kept, name)).mtimeMs]))
    const before = writtenAt()
    const damaged = [...before.keys()][0]!
    writeFileSync(join(kept, damaged), 'half')
    const { sets } = await evaluate('--estimators', 'constant,knn', '--seeds', '2')
    expect(sets[0]!.scores.map(qualities)).toEqual(official.scores.map(qualities))
    const after = writtenAt()
    expect([...after.keys()]).toEqual([...before.keys()])
    for (const [name, at] of after) expect(at === before.get(name)).toBe(name !== damaged)
  })
})

describe('the splits', () => {
  it('kfold judges every query once', async () => {
    const { sets } = await evaluate('--estimators', 'constant', '--split', 'kfold')
    expect(sets[0]!.parts.map(({ train, test }) => train + test)).toEqual([120, 120, 120, 120, 120])
    expect(sets[0]!.queries).toBe(120)
  })

  it('leave-one-task-out learns from the other tasks alone: the label of a new task is worth nothing', async () => {
    const { sets } = await evaluate('--estimators', 'constant', '--split', 'leave-one-task-out')
    expect(sets[0]!.constants).toEqual(['dear', 'cheap'])
    // Sums teach `dear`, which serves the poems; poems teach `cheap`, which is right on no sum.
    for (const name of ['best constant', 'best per task label'])
      expect(qualities(scoreOf(sets[0]!, name))[0]).toBeCloseTo(0.4, 12)
  })

  it('few-shot draws the training queries by the seed, each larger sample holding the smaller', async () => {
    const { sets } = await evaluate(
      '--estimators',
      'knn',
      '--split',
      'few-shot',
      '--sizes',
      '10,40,500',
      '--seeds',
      '3',
    )
    expect(sets.map(({ parts }) => parts[0]!.train)).toEqual([10, 40, 80])
    expect(sets.map(({ queries }) => queries)).toEqual([40, 40, 40])
    expect(sets[0]!.study).toContain('10 training queries')
    // Baselines learn from the same few queries: one run per draw, all of them with everything alike.
    for (const { scores } of sets) expect(scores.map(({ seeds }) => seeds)).toEqual(scores.map(() => 3))
    expect(qualities(scoreOf(sets[2]!, 'best per task label'))[0]).toBeCloseTo(1, 12)
  })

  it('leave-one-model-out hides all but a few outcomes of each model in turn', async () => {
    const { sets } = await evaluate('--estimators', 'cluster', '--split', 'leave-one-model-out', '--sizes', '30,80')
    expect(sets[0]!.parts.map(({ name, train, test }) => [name, train, test])).toEqual([
      ['cheap', 80, 20],
      ['dear', 80, 20],
    ])
    expect(sets[0]!.queries).toBe(40)
    expect(sets.map(({ study }) => study)).toEqual([
      'leave-one-model-out: 30 graded prompts',
      'leave-one-model-out: 80 graded prompts',
    ])
  })

  it('must be named rightly', async () => {
    const { code, output } = await run(['eval', '--data', data, '--split', 'random'], { folder })
    expect(code).toBe(2)
    expect(output).toContain('official, kfold, leave-one-task-out')
  })
})

it('shows what the guard changes, on demand', async () => {
  const { sets } = await evaluate('--estimators', 'knn', '--unguarded')
  const [guarded, bare] = sets[0]!.scores.slice(4)
  expect([guarded!.name, bare!.name]).toEqual(['knn · utility', 'knn · utility, unguarded'])
  expect(bare!.shrinks).toEqual([1])
  expect(bare!.pair).toEqual(guarded!.pair)
})

it('takes options of estimators, and refuses those there are not', async () => {
  const { sets } = await evaluate('--estimators', 'knn', 'knn={"k":3}')
  expect(sets[0]!.scores.slice(4).map(({ name }) => name)).toEqual(['knn · utility', 'knn {"k":3} · utility'])
  const { code, output } = await run(['eval', '--data', data, '--estimators', 'knn={"neighbours":3}'], { folder })
  expect(code).toBe(2)
  expect(output).toContain("no option 'neighbours'; choose among: k, rank, tuneRows, pseudoCount")
})

describe('cascades', () => {
  it('of answers that say when they do not know ask on exactly then', async () => {
    const answered = writeSet(join(folder, 'answered'))
    const answers = Array.from({ length: 120 }, (_, i) => ({
      query_id: `q${i}`,
      answers: {
        cheap: i % 2 === 1 ? 'Moon, moon, above the field.' : 'I cannot answer that.',
        dear: `It is ${4 * i}.`,
      },
    }))
    writeFileSync(join(answered, 'tiny.answers.jsonl'), answers.map((line) => JSON.stringify(line)).join('\n'))
    const args = ['--data', answered, '--estimators', 'constant', '--cascades', '--draws', '100', '--json']
    const { code, output } = await run(['eval', ...args], { folder })
    expect(code, output).toBe(0)
    const { sets }: { sets: Comparison[] } = JSON.parse(output)
    for (const name of ['constant · threshold cascade', 'constant · cascade routing']) {
      const score = scoreOf(sets[0]!, name)
      expect(qualities(score)[0]).toBeCloseTo(1, 12)
      // Poems cost $0.001, sums $0.011.
      expect(costs(score)[0]).toBeCloseTo(0.6, 9)
      expect(score.reached[0]!.lead.value).toBeCloseTo(0.1, 12)
      expect(score.pair).toBeNull()
    }
  })

  it('need answers', async () => {
    const { code, output } = await run(['eval', '--data', data, '--estimators', 'constant', '--cascades'], { folder })
    expect(code).toBe(2)
    expect(output).toContain('tiny has no recorded answers')
  })
})

describe('the report', () => {
  it('needs nothing from elsewhere and names every router, model and task', () => {
    const html = readFileSync(report, 'utf8')
    expect(html).not.toMatch(/https?:|\bsrc=|<script|<link|@import|url\(/u)
    for (const { name } of official.scores) expect(html).toContain(name)
    for (const name of [...official.candidates, ...official.tasks.map((task) => task.name), official.sha256])
      expect(html).toContain(name)
    expect(html).not.toMatch(/NaN|Infinity|undefined/u)
  })
})
