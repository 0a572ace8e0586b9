/**
 * Is a guarded policy ever worse than the best constant? Seeded draws of n training queries; on each a policy is fitted and the best
 * constant chosen, both are judged on other queries at λ = 0, where only quality counts, and at shares of the constant's
 * cost. Beside them the same policy without its guard. Trials run on all cores.
 *
 *   node benchmarks/guard/neverWorse.ts --data ../shared/data [--sets a,b] [--estimators kernel,knn,linear] [--sizes 25,50,…]
 *     [--draws 20] [--splits test,rest] [--resume FILE] [--vectors FOLDER] [--json | --markdown]
 *
 * Judged by: splits of the sets (`test`, `ood`), and `rest`, training queries that were not drawn: the guard promises something of queries like the
 * drawn ones, and a test split may be of another kind.
 *
 * Sizes above the number of training queries are left out. `--resume`: finished trials are kept in this file, a JSON array a line, and not run
 * again. `--vectors`: of files written by an earlier `--save-vectors FOLDER`, for a machine without the encoder; they round to 8 bits.
 */
import { appendFile, readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { rowsOf } from '../../src/train/dataset.node.ts'
import { loadMaterial, type Material, type Places, saveVectors } from './material.ts'
import { renderMarkdown, renderText, summarise } from './summary.ts'
import { runTrial, type Task, type Trial } from './trial.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data' },
    sets: { type: 'string', default: 'routerbench_rdc,fusionbench,routerdc7,routellm' },
    estimators: { type: 'string', default: 'kernel,knn,linear' },
    sizes: { type: 'string', default: '25,50,100,200,500,1000,2000' },
    draws: { type: 'string', default: '20' },
    splits: { type: 'string', default: 'test,rest' },
    resume: { type: 'string' },
    vectors: { type: 'string' },
    'save-vectors': { type: 'string' },
    json: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
  },
})
const places: Places = { data: values.data, vectors: values.vectors ?? null }
const list = (text: string) => text.split(',')

if (!isMainThread) work()
else if (values['save-vectors'] !== undefined) {
  for (const name of list(values.sets)) await saveVectors(await loadMaterial(name, places), values['save-vectors'])
} else {
  const known = values.resume === undefined ? [] : await readTrials(values.resume)
  const trials = await runAll(await tasks(), known)
  const cells = summarise(trials)
  if (values.json) console.log(JSON.stringify(cells))
  else console.log(values.markdown ? renderMarkdown(cells) : renderText(cells))
}

/** The largest first, so that no core waits long for the last. */
async function tasks(): Promise<Task[]> {
  const all: Task[] = []
  for (const set of list(values.sets)) {
    // Loaded here once, so that threads find all vectors in the cache.
    const material = await loadMaterial(set, places)
    const most = rowsOf(material.set, 'train').length
    for (const size of list(values.sizes).map(Number))
      for (let draw = 1; size <= most && draw <= Number(values.draws); draw++)
        for (const estimator of list(values.estimators)) all.push({ set, estimator, size, draw })
  }
  return all.sort((a, b) => b.size - a.size)
}

async function runAll(all: readonly Task[], known: readonly (readonly Trial[])[]): Promise<Trial[]> {
  const done = new Map(known.map((trials) => [keyOf(trials[0]!), trials]))
  const todo = all.filter((task) => !done.has(keyOf(task)))
  const started = performance.now()
  let finished = 0
  const serve = (worker: Worker) =>
    new Promise<void>((resolve, reject) => {
      const next = () => {
        const task = todo.shift()
        if (task === undefined) void worker.terminate().then(() => resolve())
        else worker.postMessage(task)
      }
      worker.on('error', reject)
      worker.on('message', async (trials: readonly Trial[]) => {
        done.set(keyOf(trials[0]!), trials)
        if (values.resume !== undefined) await appendFile(values.resume, `${JSON.stringify(trials)}\n`)
        if (++finished % 100 === 0)
          console.error(`${finished} trials, ${Math.round((performance.now() - started) / 1000)} s`)
        next()
      })
      next()
    })
  const threads = Math.min(availableParallelism(), todo.length)
  await Promise.all(
    Array.from({ length: threads }, () => serve(new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) }))),
  )
  return all.flatMap((task) => done.get(keyOf(task))!)
}

function work(): void {
  const materials = new Map<string, Promise<Material>>()
  parentPort!.on('message', async (task: Task) => {
    const material = materials.get(task.set) ?? loadMaterial(task.set, places)
    materials.set(task.set, material)
    parentPort!.postMessage(runTrial(await material, task, list(values.splits)))
  })
}

async function readTrials(path: string): Promise<Trial[][]> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
}

function keyOf({ set, estimator, size, draw }: Task): string {
  return `${set} ${estimator} ${size} ${draw}`
}
