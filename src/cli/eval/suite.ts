/** `switchyard eval --suite`: ours beside what was published, on the same recorded outcomes. */
import { join } from 'node:path'
import Table from 'cli-table3'
import type { Comparison, Score } from '../../train/compare.ts'
import { readDataset } from '../../train/dataset.node.ts'
import type { Interval } from '../../train/metrics/interval.ts'
import type { OutcomeSet } from '../../train/outcomes.ts'
import { type Benchmark, type Figure, SUITE } from '../../train/suite.ts'
import { ableOn, evaluateStudy, type Judging } from './study.ts'
import { showInterval, signed } from './table.ts'

/** A benchmark that was run: one comparison per view. */
export interface Compared {
  readonly benchmark: Benchmark
  readonly comparisons: readonly Comparison[]
}

/** What a column of the table shows. */
export interface Column {
  readonly title: string
  readonly figure: Figure
  /** `null` where the router has no such figure. */
  of(router: string): Interval | null
}

/** Runs every benchmark whose sets lie in the folder; the others are named. */
export async function runSuite(
  folder: string,
  judging: Judging,
): Promise<{ readonly compared: Compared[]; readonly missing: string[] }> {
  const sets = new Map<string, OutcomeSet | null>()
  for (const name of new Set(SUITE.flatMap((benchmark) => benchmark.sets)))
    sets.set(name, await readDataset(join(folder, name)).catch(() => null))
  const compared: Compared[] = []
  for (const benchmark of SUITE) {
    const own = benchmark.sets.flatMap((name) => sets.get(name) ?? [])
    if (own.length < benchmark.sets.length) continue
    const { set, study } = benchmark.prepare(own)
    compared.push({ benchmark, comparisons: await evaluateStudy(set, study, ableOn(set, judging)) })
  }
  return { compared, missing: [...sets].flatMap(([name, set]) => (set === null ? [name] : [])) }
}

export function columnsOf({ benchmark, comparisons }: Compared): Column[] {
  return comparisons.flatMap((comparison) =>
    benchmark.figures(comparison).map((figure): Column => {
      const scoreOf = new Map(comparison.scores.map((score): [string, Score] => [score.name, score]))
      return {
        title: comparison.view === null ? figure.name : `${comparison.view}: ${figure.name}`,
        figure,
        of: (router) => {
          const score = scoreOf.get(router)
          return score === undefined ? null : figure.of(score)
        },
      }
    }),
  )
}

/** Digits that a figure is worth showing with. */
export function digitsOf({ name }: Figure): number {
  return name.startsWith('CPT') ? 1 : 4
}

/** Ours less the published one; `null` where one of them is missing. */
export function differenceTo({ published }: Figure, value: Interval | null): number | null {
  return published === null || value === null || !Number.isFinite(value.value) ? null : value.value - published.value
}

export function renderSuite({ benchmark, comparisons }: Compared): string {
  const columns = columnsOf({ benchmark, comparisons })
  const table = new Table({ head: ['router', ...columns.map(({ title }) => title)], style: { head: [], border: [] } })
  if (columns.some(({ figure }) => figure.published !== null)) {
    table.push([
      'published',
      ...columns.map(({ figure: { published } }) => (published === null ? '' : `${published.value}\n${published.by}`)),
    ])
  }
  for (const { name } of comparisons[0]!.scores) {
    table.push([
      name,
      ...columns.map(({ figure, of }) => {
        const value = of(name)
        if (value === null) return ''
        const difference = differenceTo(figure, value)
        const digits = digitsOf(figure)
        return `${showInterval(value, digits)}${difference === null ? '' : `\n${signed(difference, digits)}`}`
      }),
    ])
  }
  return [
    `${benchmark.title}`,
    `Source: ${benchmark.source}.`,
    `Differs: ${benchmark.differs}.`,
    table.toString(),
  ].join('\n')
}
