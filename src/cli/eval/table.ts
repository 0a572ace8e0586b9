/** A comparison on the terminal. */
import Table from 'cli-table3'
import type { Aim } from '../../train/aims.ts'
import type { Comparison, Score } from '../../train/compare.ts'
import type { Interval } from '../../train/metrics/interval.ts'

const BORDERLESS = { head: [], border: [] }

export function renderComparison(comparison: Comparison): string {
  const { queries, parts, constants, aims, scores, candidates, oracle, random } = comparison
  const priced = aims.length > 1
  const pair = scores.some((score) => score.pair !== null)
  const table = new Table({
    head: ['router', ...aims.map(nameAim), ...(pair ? ['APGR'] : []), 'µs'],
    style: BORDERLESS,
  })
  for (const score of scores) {
    const { name, reached, time } = score
    const figures = reached.map((one) => {
      if (one === null) return 'not reached'
      return priced ? `${showInterval(one.quality)}\nfor ${showShare(one.costShare)}` : showInterval(one.quality)
    })
    table.push([
      name,
      ...figures,
      ...(pair ? [score.pair === null ? '' : showInterval(score.pair.apgr)] : []),
      time.p50Us.toFixed(1),
    ])
  }
  return [
    `${titleOf(comparison)}: ${queries} test queries${parts.length > 1 ? ` in ${parts.length} parts` : ''}, ${candidates.length} models. Best constant, chosen on train: ${[...new Set(constants)].join(', ')}. Oracle ${oracle[0]!.quality.toFixed(4)}, a model at random ${random.quality.toFixed(4)}. Settings chosen on train; 95 % intervals in brackets.`,
    table.toString(),
    ...verdictsOf(comparison),
  ].join('\n')
}

/** What the last of the routers does with the test queries, at the setting chosen for the first aim: of a planner that ignores λ the only one. */
export function renderShares(planner: string, { candidates, aims, scores }: Comparison): string {
  const { quality, costUsd, shares } = scores.at(-1)!.reached[0]!
  const asked = shares
    .map((share, column) => ({ share, id: candidates[column]! }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share)
    .map(({ share, id }) => `${id} ${(100 * share).toFixed(1)} %`)
  return `Planner ${planner}, for ${nameAim(aims[0]!)}: quality ${quality.value.toFixed(4)} at $${(1000 * costUsd).toPrecision(4)} per 1,000 test queries; ${asked.join(', ')}.`
}

export function titleOf({ set, study, view }: Comparison): string {
  return [set, ...(study === 'official' ? [] : [study]), ...(view === null ? [] : [view])].join(' · ')
}

export function nameAim(aim: Aim): string {
  if (aim.kind === 'quality') return 'best quality'
  return aim.kind === 'match' ? 'the constant’s quality' : `${aim.share * 100} % of the cost`
}

/** A sentence per aim: which policies beat the best constant, by how much, and how sure that is. */
export function verdictsOf({ aims, scores }: Pick<Comparison, 'aims' | 'scores'>): string[] {
  return aims.flatMap((aim, a) => {
    if (aim.kind === 'match') return []
    const bar = aim.kind === 'budget' ? 'the best mix of single models' : 'the best constant'
    const policies = scores.filter(({ kind }) => kind === 'policy')
    const better = policies
      .filter((score) => score.reached[a]?.verdict?.beats)
      .sort((x, y) => leadOf(y, a) - leadOf(x, a))
      .map((score) => {
        const { lead, low, confidence } = score.reached[a]!.verdict!
        return `${score.name} by ${lead.toFixed(4)} (at least ${low.toFixed(4)}; confidence ${(100 * confidence).toFixed(1)} %)`
      })
    if (better.length > 0) return [`${capital(nameAim(aim))}: ${bar} is beaten by ${better.join(', ')}.`]
    const nearest = policies
      .filter((score) => Number.isFinite(leadOf(score, a)))
      .sort((x, y) => leadOf(y, a) - leadOf(x, a))[0]
    if (nearest === undefined) return [`${capital(nameAim(aim))}: no policy has a setting that cheap.`]
    const { lead, confidence } = nearest.reached[a]!.verdict!
    return [
      `${capital(nameAim(aim))}: no policy is shown to beat ${bar}; the nearest is ${nearest.name}, ${signed(lead)}, confidence ${(100 * confidence).toFixed(1)} %.`,
    ]
  })
}

function leadOf(score: Score, aim: number): number {
  return score.reached[aim]?.verdict?.lead ?? Number.NEGATIVE_INFINITY
}

export function signed(value: number, digits = 4): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

export function showInterval({ value, low, high }: Interval, digits = 4): string {
  if (!Number.isFinite(value)) return 'not reached'
  return `${value.toFixed(digits)} [${end(low, digits - 1)}, ${end(high, digits - 1)}]`
}

function end(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : 'not reached'
}

export function showShare({ value }: Interval): string {
  return `${(100 * value).toFixed(1)} %`
}
