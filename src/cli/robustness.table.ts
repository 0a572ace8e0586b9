/** Robustness on the terminal. */
import Table from 'cli-table3'
import type { Interval } from '../train/metrics/interval.ts'
import type { Judged, Prefixed } from '../train/robustness/judge.ts'
import type { Change } from '../train/robustness/measure.ts'
import type { Aim, Router } from '../train/robustness/routers.ts'
import { signed } from './eval/table.ts'

const BORDERLESS = { head: [], border: [] }

/** What was found of one set. */
export interface Robustness {
  readonly set: string
  readonly sha256: string
  readonly queries: number
  readonly candidates: readonly string[]
  /** The candidate that costs most on the training queries; `null` of a set without costs. */
  readonly dearest: string | null
  readonly aims: readonly Aim[]
  /** `changed`: share of the prompts to which some rule applies. */
  readonly perturbations: readonly { readonly name: string; readonly changed: number }[]
  readonly routers: readonly {
    readonly name: string
    readonly kind: Router['kind']
    /** In the order of `aims`; `null`: no setting is that cheap on the training queries. */
    readonly at: readonly (Judged | null)[]
  }[]
}

/** Per aim: what each perturbation flips, what all of them together cost, and what prefixes do. */
export function renderRobustness(robustness: Robustness): string {
  const { set, queries, candidates, dearest, aims, perturbations } = robustness
  const changed = perturbations.map(({ name, changed: share }) => `${name} ${percent(share)}`).join(', ')
  return [
    `${set}: ${queries} test queries, ${candidates.length} models, ${dearest === null ? 'no costs recorded' : `${dearest} the dearest`}. Prompts to which a rule applies: ${changed}. 95 % intervals in brackets. Quality is that of the recorded answers, to the prompts as recorded.`,
    ...aims.map((aim, a) => renderAim(robustness, nameAim(aim), a)),
  ].join('\n')
}

function nameAim(aim: Aim): string {
  return aim.kind === 'lambda' ? `λ = ${aim.lambda}` : `${percent(aim.share)} of the best constant’s cost`
}

function renderAim({ perturbations, routers, dearest }: Robustness, title: string, aim: number): string {
  const flips = new Table({
    head: ['router', ...perturbations.map(({ name }) => name), 'flips, all', 'cost', 'quality', 'at the dearest'],
    style: BORDERLESS,
  })
  const prefixes = new Table({
    head: [
      'router',
      'at the dearest',
      '… random prefix',
      '… searched',
      'best searched',
      'cost, random',
      'cost, searched',
    ],
    style: BORDERLESS,
  })
  for (const { name, at } of routers) {
    const judged = at[aim]
    if (!judged) {
      flips.push([name, { colSpan: perturbations.length + 4, content: 'not reached' }])
      continue
    }
    const { each, overall, attack } = judged
    flips.push([
      name,
      ...each.map(({ flips: share }) => percent(share.value)),
      ...consequences(overall, dearest !== null),
    ])
    if (attack === null) continue
    const { random, searched } = attack
    prefixes.push([
      name,
      percent(random.overall.dearest.before),
      shown(random.overall.dearest.after, percent),
      shown(searched.overall.dearest.after, percent),
      percent(bestOf(searched)),
      shown(random.overall.costRise, rise),
      shown(searched.overall.costRise, rise),
    ])
  }
  return [`\n${title}`, flips.toString(), ...(prefixes.length > 0 ? [prefixes.toString()] : [])].join('\n')
}

function consequences({ flips, costRise, quality, dearest }: Change, priced: boolean): string[] {
  return [
    shown(flips, percent),
    shown(costRise, rise),
    shown(quality, (value) => signed(value)),
    priced ? `${percent(dearest.before)} → ${percent(dearest.after.value)}` : '–',
  ]
}

/** The share that the most hostile of the prefixes sends to the dearest. */
function bestOf({ each }: Prefixed): number {
  return Math.max(...each.map(({ dearest }) => dearest.after.value))
}

function shown({ value, low, high }: Interval, show: (value: number) => string): string {
  if (Number.isNaN(value)) return '–'
  const bare = (end: number) => show(end).replace(' %', '')
  return `${show(value)} [${bare(low)}, ${bare(high)}]`
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}

function rise(share: number): string {
  return `${signed(100 * share, 1)} %`
}
