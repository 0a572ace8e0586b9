/** The command line about policies: what serves, what can, and how to get back. */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sampleDecision } from '../src/log/contract.ts'
import { openStore } from '../src/log/store.node.ts'
import { candidateAt, NO_ENCODER } from './config.ts'
import { newFolder, removeFolder, root, run } from './gateway.ts'

let folder: string
beforeAll(() => {
  folder = newFolder()
})
afterAll(() => removeFolder(folder))

const said = async (...args: string[]) => (await run(args, { folder })).output

describe('the embedded policy of the demo', () => {
  it('is named where it serves, given up for the constant, and found again', async () => {
    const embedded = /^route auto: ([0-9a-f]{64}) \(the demo policy, embedded\); nothing was ever promoted$/m
    const id = embedded.exec(await said('policies', 'list'))?.[1]
    expect(id).toBeDefined()
    expect(await said('doctor', '--offline')).toContain(`route auto: ${id} (the demo policy, embedded)`)

    expect(await said('promote', 'constant')).toContain('the constant')
    expect(await said('policies', 'list')).toMatch(/^route auto: the constant since /m)

    expect(await said('promote', 'demo')).toContain(id)
    const list = await said('policies', 'list')
    expect(list).toContain(`route auto: ${id} (the demo policy) since `)
    expect(list).toContain(`${id!.slice(0, 12)}  knn`)
  })

  it('comes back with one command, and gives way again with the next', async () => {
    const own = newFolder()
    const switchyard = (...args: string[]) => run(args, { folder: own })
    const nothing = await switchyard('rollback')
    expect([nothing.code, nothing.output]).toEqual([2, expect.stringContaining('there is nothing to go back to')])
    await switchyard('promote', 'constant')
    const back = (await switchyard('rollback')).output
    expect(back).toMatch(/^Route auto is served by [0-9a-f]{64} again\.$/m)
    expect((await switchyard('policies', 'list')).output).toContain('(the demo policy) since ')
    expect((await switchyard('rollback')).output).toContain('Route auto is served by the constant again.')
    expect((await switchyard('rollback', '--route', 'none')).output).toContain('There is no route "none"')
    removeFolder(own)
  })

  it.each([
    ['other candidates', [candidateAt('demo', 'mine', { model: 'demo-sage' })], { driver: 'onnx' } as const],
    ['another encoder', null, NO_ENCODER],
  ])('is refused for %s, and not said to serve them', async (_, candidates, encoder) => {
    const demo = ['demo-chatty', 'demo-coder', 'demo-math', 'demo-sage'].map((id) => candidateAt('demo', id))
    const config = { providers: { demo: { kind: 'demo' as const } }, candidates: candidates ?? demo, encoder }
    const own = await run(['promote', 'demo'], { config })
    expect([own.code, own.output]).toEqual([2, expect.stringContaining('The demo policy cannot serve route "auto"')])
    const { output } = await run(['policies', 'list'], { folder: own.folder })
    expect(output).toContain('route auto: the constant; nothing was ever promoted')
    removeFolder(own.folder)
  })
})

it('a look into the log leaves decisions that a gateway works on alone', async () => {
  const file = join(folder, '.switchyard/switchyard.sqlite')
  const serving = await openStore({ file, durability: 'process', maxQueuedRows: 10 })
  try {
    await serving.append([{ table: 'decisions', row: sampleDecision('under way') }])
    expect(await said('policies', 'list')).toContain('route auto')
    expect(await said('doctor', '--offline')).toContain('last decision')
    expect((await serving.decision('under way'))?.outcome).toBeNull()
  } finally {
    await serving.close()
  }
})

describe('`train`', () => {
  const config = {
    providers: { demo: { kind: 'demo' as const } },
    candidates: [candidateAt('demo', 'demo-sage')],
    routes: {
      auto: { estimator: 'constant' as const, planner: 'utility' as const },
      other: { preset: 'cost-aware' as const },
    },
    encoder: NO_ENCODER,
  }
  const learned = async (...args: string[]): Promise<string> => {
    const data = join(root, 'models/demo/demo')
    const { code, output, folder: own } = await run(['train', '--data', data, '--json', ...args], { config })
    removeFolder(own)
    return code === 0 ? JSON.parse(output).estimator : output
  }

  it('learns what the route is configured for, unless told otherwise', async () => {
    expect(await learned()).toBe('constant')
    expect(await learned('--route', 'other')).toBe('linear')
    expect(await learned('--route', 'other', '--estimator', 'constant')).toBe('constant')
    expect(await learned('--route', 'none')).toContain('There is no route "none"; there are auto, other.')
  })
})
