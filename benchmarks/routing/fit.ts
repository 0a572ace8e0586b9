/**
 * What every estimator costs to fit and to ask: 10,000 queries of 512 dimensions and 14 features (see prompts.ts) × 11 candidates. Each fit runs in a
 * process of its own, whose peak of resident memory (data and runtime included) is therefore its own. Then knn over 1,000 to 1,000,000 rows: its time, and
 * the share of the true nearest neighbours that it finds. Medians over rounds.
 *
 *   node benchmarks/routing/fit.ts [--estimators knn,kernel] [--rounds 3] [--missing 0.3] [--growth 1000,10000,100000,1000000] [--markdown | --json]
 *
 * `--missing`: a share of the outcomes, in scattered places, is not known. `--growth none` leaves that table out, `--estimators none` the other.
 */
import { spawnSync } from 'node:child_process'
import { cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createSearch, loadCells } from '../../routers/cells.ts'
import { encodeQuery, loadDesign } from '../../routers/design.ts'
import { seeded } from '../../routers/fixtures.ts'
import { estimators, findEstimator } from '../../routers/index.ts'
import { dotRows, largest } from '../../routers/nearest.ts'
import { projectRow } from '../../routers/projection.ts'
import { type Space, weighBlocks } from '../../routers/space.ts'
import { readCount, readF32, readNumber } from '../../routers/state.ts'
import { encodePolicy } from '../../src/policy/file.ts'
import type { EstimatorState, PolicyManifest, Query } from '../../src/spec.ts'
import { createWorld, DIM } from './prompts.ts'

const ROWS = 10_000
const CANDIDATES = 11
/** Queries asked per pass, passes per process. The first pass warms the compiler up. */
const ASKED = 500
const PASSES = 6
/** Queries whose neighbours are compared with those of an exact search. */
const COMPARED = 100

interface Measured {
  readonly name: string
  readonly rows: number
  readonly fitS: number
  /** Seconds of processor time that the fit took, those of the garbage collector's threads included: what a busy machine changes least. */
  readonly fitCpuS: number
  readonly peakMb: number
  readonly fileMb: number
  readonly p50Us: number
  readonly p99Us: number
  /** Of the k nearest, those that were found; `null`: not a search. */
  readonly recall: number | null
}

const { values } = parseArgs({
  options: {
    estimators: { type: 'string', default: estimators.map(({ name }) => name).join() },
    rounds: { type: 'string', default: '3' },
    missing: { type: 'string', default: '0' },
    growth: { type: 'string', default: '1000,10000,100000,1000000' },
    json: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
    child: { type: 'string' },
  },
})
const missing = Number(values.missing)

if (values.child !== undefined) {
  const [name = '', rows = ''] = values.child.split(':')
  console.log(JSON.stringify(measure(name, Number(rows))))
} else {
  const rounds = Number(values.rounds)
  const perEstimator = listOf(values.estimators).map((name) => medianOf(name, ROWS, rounds))
  // One round over large sets: they take minutes, and their times are sums over many queries anyway.
  const growth = listOf(values.growth).map(Number)
  const perRows = growth.map((rows) => medianOf('knn', rows, rows > 100_000 ? 1 : rounds))
  const [{ model = '' } = {}, load = 0] = [cpus()[0], loadavg()[0]]
  const machine = { cpu: model, cores: cpus().length, node: process.version, load }
  if (values.json) console.log(JSON.stringify({ machine, rounds, missing, estimators: perEstimator, growth: perRows }))
  else {
    console.log(`${machine.cores} × ${model}, Node ${machine.node}, load ${load.toFixed(1)}; ${rounds} rounds`)
    const unknown = missing === 0 ? '' : `, ${100 * missing} % of the outcomes not known`
    print(`${ROWS.toLocaleString('en')} queries × ${CANDIDATES} candidates${unknown}:`, estimatorTable(perEstimator))
    print('knn:', growthTable(perRows))
  }
}

function listOf(text: string): string[] {
  return text === 'none' ? [] : text.split(',')
}

function measure(name: string, rows: number): Measured {
  const world = createWorld(CANDIDATES, 1)
  const family = findEstimator(name)
  const data = world.draw(rows, { missing, answers: family.needs === 'answers' })
  const begun = performance.now()
  const used = process.cpuUsage()
  const state = family.fit(data, family.defaults, seeded(2))
  const { user, system } = process.cpuUsage(used)
  const fitS = (performance.now() - begun) / 1000
  const peakMb = process.resourceUsage().maxRSS / 1024

  const ids = data.candidates.map(({ id }) => id)
  const estimator = family.load(state, ids)
  const fresh = world.draw(ASKED).queries
  const passes = Array.from({ length: PASSES }, () => {
    const times = fresh.map((query) => {
      const start = performance.now()
      estimator.estimate(query, data.candidates)
      return 1000 * (performance.now() - start)
    })
    return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) }
  }).slice(1)
  return {
    name,
    rows,
    fitS,
    fitCpuS: (user + system) / 1e6,
    peakMb,
    fileMb: encodePolicy(manifestOf(name, family.version, ids), state).length / 1e6,
    p50Us: median(passes.map(({ p50 }) => p50)),
    p99Us: median(passes.map(({ p99 }) => p99)),
    recall: name === 'knn' ? recallOf(state, fresh.slice(0, COMPARED)) : null,
  }
}

/** What the search of a knn state finds for queries, against a scan of all its rows. */
function recallOf(state: EstimatorState, queries: readonly Query[]): number {
  const design = loadDesign(state)
  const rank = readCount(state, 'rank')
  const rows = readCount(state, 'rows')
  const k = Math.min(readCount(state, 'k'), rows)
  const space: Space = {
    design,
    basis: { rank, directions: readF32(state, 'basis', [rank, design.dim]) },
    width: design.features + rank + 1,
  }
  const points = readF32(state, 'points', [rows, space.width])
  const search = createSearch(points, space.width, loadCells(state, rows, space.width))
  const products = new Float64Array(rows)
  const norms = products.map((_, i) =>
    points.subarray(i * space.width, (i + 1) * space.width).reduce((sum, value) => sum + value * value, 0),
  )
  const encoded = new Float64Array(design.width)
  const point = new Float64Array(space.width)
  let found = 0
  for (const query of queries) {
    encodeQuery(design, query, encoded)
    projectRow(space.basis, design, encoded, point)
    weighBlocks(point, space, readNumber(state, 'featureWeight'))
    dotRows(points, space.width, point, { from: 0, to: space.width, out: products })
    const truth = new Set(
      largest(
        products.map((product, i) => 2 * product - norms[i]!),
        k,
      ),
    )
    found += search(point, k).indexes.filter((i) => truth.has(i)).length / k
  }
  return found / queries.length
}

/** The least that a policy file needs beside its estimator. */
function manifestOf(name: string, version: number, candidates: readonly string[]): PolicyManifest {
  const zeros = candidates.map(() => 0)
  return {
    format: 1,
    estimator: { name, version, params: {} },
    guard: { shrink: 1, minSupport: 0, quality: zeros, outputTokens: zeros, evidence: {} },
    planner: { name: 'utility', options: {} },
    encoder: { id: 'synthetic', precision: 'float', dim: DIM, sha256: '' },
    features: [],
    candidates,
    trainedOn: { source: 'synthetic', rows: ROWS, sha256: '', createdAt: '' },
    metrics: {},
  }
}

/** Medians over processes; their fits are the same, their times and peaks are not. */
function medianOf(name: string, rows: number, rounds: number): Measured {
  const runs = Array.from({ length: rounds }, () => run(name, rows))
  const of = (key: 'fitS' | 'fitCpuS' | 'peakMb' | 'p50Us' | 'p99Us') => median(runs.map((measured) => measured[key]))
  return {
    ...runs[0]!,
    fitS: of('fitS'),
    fitCpuS: of('fitCpuS'),
    peakMb: of('peakMb'),
    p50Us: of('p50Us'),
    p99Us: of('p99Us'),
  }
}

function run(name: string, rows: number): Measured {
  const args = [fileURLToPath(import.meta.url), '--child', `${name}:${rows}`, '--missing', String(missing)]
  const { status, stdout } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) throw new Error(`fitting ${name} on ${rows} rows ended with status ${status}`)
  return JSON.parse(stdout)
}

interface Table {
  readonly heads: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

function estimatorTable(measured: readonly Measured[]): Table {
  return {
    heads: ['estimator', 'fit, s', 'CPU, s', 'peak memory, MB', 'policy file, MB', 'estimate p50, µs', 'p99, µs'],
    rows: measured.map(({ name, fitS, fitCpuS, peakMb, fileMb, p50Us, p99Us }) => [
      name,
      fitS.toFixed(1),
      fitCpuS.toFixed(1),
      peakMb.toFixed(0),
      fileMb.toFixed(2),
      p50Us.toFixed(0),
      p99Us.toFixed(0),
    ]),
  }
}

function growthTable(measured: readonly Measured[]): Table {
  return {
    heads: [
      'rows',
      'fit, s',
      'CPU, s',
      'peak memory, MB',
      'policy file, MB',
      'estimate p50, µs',
      'p99, µs',
      'neighbours found',
    ],
    rows: measured.map(({ rows, fitS, fitCpuS, peakMb, fileMb, p50Us, p99Us, recall }) => [
      rows.toLocaleString('en'),
      fitS.toFixed(1),
      fitCpuS.toFixed(1),
      peakMb.toFixed(0),
      fileMb.toFixed(1),
      p50Us.toFixed(0),
      p99Us.toFixed(0),
      recall === null ? '' : `${(100 * recall).toFixed(1)} %`,
    ]),
  }
}

function print(title: string, { heads, rows }: Table): void {
  if (rows.length === 0) return
  console.log(`\n${title}\n`)
  const widths = heads.map((head, c) => Math.max(head.length, ...rows.map((row) => row[c]!.length)))
  const line = (cells: readonly string[]) =>
    values.markdown
      ? `| ${cells.join(' | ')} |`
      : cells.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!))).join('  ')
  console.log(line(heads))
  if (values.markdown) console.log(line(heads.map(() => '---')))
  for (const row of rows) console.log(line(row))
}

function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5)
}

function quantile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.floor(share * (sorted.length - 1))]!
}
