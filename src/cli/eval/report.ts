/** The evaluation as one HTML file that needs nothing else: no script, no font, no picture from anywhere. */
import type { Comparison, Score } from '../../train/compare.ts'
import type { Bin, Calibration } from '../../train/metrics/calibration.ts'
import { hullOf } from '../../train/metrics/hull.ts'
import type { Interval } from '../../train/metrics/interval.ts'
import { mean } from '../../train/metrics/statistics.ts'
import {
  colourOf,
  dollars,
  intervalPlot,
  learningPlot,
  paretoPlot,
  reliabilityPlot,
  type Series,
  toHtml,
} from './charts.ts'
import { type Ran, renderRan } from './ran.ts'
import { STYLE } from './style.ts'
import { type Compared, columnsOf, differenceTo, digitsOf } from './suite.ts'
import { nameAim, showInterval, showShare, signed, titleOf, verdictsOf } from './table.ts'

const BINS = 15
/** More lines than that cannot be told apart in a picture. */
const MOST_LINES = 8
const GREY = 'var(--quiet)'

export function renderReport(ran: Ran, comparisons: readonly Comparison[], suite: readonly Compared[] = []): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Switchyard evaluation: ${toHtml(comparisons.map(({ set }) => set).join(', '))}</title><style>${STYLE}</style></head><body>
<h1>Which routing policy to run</h1>
<p>Every router was fitted on training queries, its setting for each aim chosen on training queries too, and judged on test queries it had no part in. Intervals cover 95 % (paired bootstrap over ${ran.seeds.length > 1 ? 'queries and seeds' : 'queries'}, ${ran.draws} draws); the lower bounds of all policies hold together.</p>
${suite.length > 0 ? renderSuite(suite) : ''}${renderCurves(comparisons)}
${comparisons.map(renderSet).join('\n')}
${renderRan(ran, comparisons)}
</body></html>
`
}

/** The published comparisons, a table each: routers in rows, figures in columns. */
function renderSuite(suite: readonly Compared[]): string {
  const tables = suite.map((one) => {
    const { benchmark, comparisons } = one
    const columns = columnsOf(one)
    const published = columns.some(({ figure }) => figure.published !== null)
      ? [
          `<tr><td>published</td>${columns.map(({ figure: { published: best } }) => `<td>${best === null ? '' : `${best.value}<small>${toHtml(best.by)}</small>`}</td>`).join('')}</tr>`,
        ]
      : []
    const rows = comparisons[0]!.scores.map(({ name, kind }) => {
      const cells = columns.map(({ figure, of }) => {
        const value = of(name)
        if (value === null) return '<td></td>'
        const difference = differenceTo(figure, value)
        const digits = digitsOf(figure)
        const passes = difference !== null && (figure.better === 'higher' ? difference > 0 : difference < 0)
        return `<td>${stacked(value, digits)}${difference === null ? '' : `<small${passes ? ' class="beats"' : ''}>${signed(difference, digits)} to published</small>`}</td>`
      })
      return `<tr><td class="${kind}">${toHtml(name)}</td>${cells.join('')}</tr>`
    })
    return `<h3>${toHtml(benchmark.title)}</h3><p class="quiet">Source: ${toHtml(benchmark.source)}. What differs: ${toHtml(benchmark.differs)}.</p><div class="wide"><table><thead><tr><th>router</th>${columns.map(({ title }) => `<th>${toHtml(title)}</th>`).join('')}</tr></thead><tbody>${published.join('')}${rows.join('')}</tbody></table></div>`
  })
  return `<section><h2>Beside what was published</h2>${tables.join('')}</section>`
}

/** Quality over the number of labels, where several comparisons of a set differ in it alone. */
function renderCurves(comparisons: readonly Comparison[]): string {
  const kinds = new Map<string, { readonly size: number; readonly comparison: Comparison }[]>()
  for (const comparison of comparisons) {
    const [, kind, size, label] = /^(.+): (\d+) (.+)$/u.exec(comparison.study) ?? []
    if (kind === undefined) continue
    const key = `${comparison.set} · ${kind}, by ${label}`
    kinds.set(key, [...(kinds.get(key) ?? []), { size: Number(size), comparison }])
  }
  return [...kinds]
    .map(([title, steps]) => {
      const { aims, scores } = steps[0]!.comparison
      const charts = aims.map((aim, a) => {
        const last = steps.at(-1)!.comparison.scores
        const chosen = forPicture(last, ({ reached }) => reached[a]?.quality.value ?? Number.NEGATIVE_INFINITY)
        const series = chosen.map(({ name, kind }): Series => {
          const i = last.findIndex((score) => score.name === name)
          const points = steps.flatMap(({ size, comparison }) => {
            const quality = comparison.scores[i]!.reached[a]?.quality
            if (quality === undefined) return []
            const { value, low, high } = quality
            return [{ x: size, y: value, low, high, title: `${name}, ${size}: ${value.toFixed(4)}` }]
          })
          const shown = kind === 'policy' ? points : points.map(({ low, high, ...point }) => point)
          return { name, colour: colourOf(i, scores.length), dashed: kind === 'baseline', line: points, points: shown }
        })
        return `<h4>${toHtml(nameAim(aim))}</h4><div class="wide">${learningPlot(series, title.replace(/^.*, by /u, ''))}</div>${legend(series)}`
      })
      return `<section><h2>${toHtml(title)}</h2>${charts.join('')}</section>`
    })
    .join('')
}

function renderSet(comparison: Comparison): string {
  const { queries, candidates, tasks, constants, parts, aims, oracle, random, cheapest } = comparison
  const priced = aims.length > 1
  const sections = [
    `<h2>${toHtml(titleOf(comparison))}</h2>`,
    `<p class="quiet">${queries} test queries of ${tasks.length} tasks${parts.length > 1 ? ` in ${parts.length} parts` : ''}, ${candidates.length} models. Best constant: ${toHtml([...new Set(constants)].join(', '))}. Cheapest: ${toHtml(cheapest)}. A model at random: ${random.quality.toFixed(4)}. Oracle: ${oracle[0]!.quality.toFixed(4)}.</p>`,
    ...verdictsOf(comparison).map((verdict) => `<p class="verdict">${toHtml(verdict)}</p>`),
    priced ? renderPareto(comparison) : renderIntervals(comparison),
    '<h3>Quality for each aim</h3>',
    renderTable(comparison),
    '<h3>Who is asked</h3>',
    renderShares(comparison),
    '<h3>Quality per task</h3>',
    renderTasks(comparison),
    '<h3>Do the predictions mean what they say</h3>',
    renderCalibration(comparison),
  ]
  return `<section>${sections.join('\n')}</section>`
}

function colours(comparison: Comparison): string[] {
  return comparison.scores.map((_, i) => colourOf(i, comparison.scores.length))
}

function renderPareto(comparison: Comparison): string {
  const { scores, singles, candidates, hull, oracle, aims } = comparison
  const shades = colours(comparison)
  const chosen = forPicture(scores, ({ aiq }) => aiq.value)
  const place = ({ costUsd, quality }: { readonly costUsd: number; readonly quality: number }) => ({
    x: 1000 * costUsd,
    y: quality,
  })
  // Models far below the hull would press together what matters.
  const floor = hull[0]!.quality - (oracle[0]!.quality - hull[0]!.quality) / 3
  const drawn = singles.map((single, m) => ({ ...single, m })).filter(({ quality }) => quality.value >= floor)
  const below = candidates.filter((_, m) => singles[m]!.quality.value < floor)
  const series: Series[] = [
    { name: 'oracle', colour: GREY, dashed: true, line: hullOf(oracle).map(place), points: [] },
    ...chosen.slice(1).map(
      ({ name, kind, points, reached }): Series => ({
        name,
        colour: shades[scores.findIndex((score) => score.name === name)]!,
        dashed: kind === 'baseline',
        line: hullOf(points).map(place),
        points: reached.flatMap((one, a) => {
          if (one === null || kind === 'baseline') return []
          const { value, low, high } = one.quality
          return [
            {
              x: 1000 * one.costUsd,
              y: value,
              low,
              high,
              title: `${name}, ${nameAim(aims[a]!)}: ${value.toFixed(4)} at ${dollars(1000 * one.costUsd)}`,
            },
          ]
        }),
      }),
    ),
    {
      name: 'single models and their hull',
      colour: GREY,
      line: hull.map(place),
      labelled: true,
      points: drawn.map(({ quality, costUsd, m }) => ({
        x: 1000 * costUsd,
        y: quality.value,
        title: candidates[m]!.replace(/^.*\//u, ''),
      })),
    },
  ].map((one) => ({ ...one, line: one.line.filter(({ x }) => x > 0), points: one.points.filter(({ x }) => x > 0) }))
  return `<h3>Quality over cost</h3><div class="wide">${paretoPlot(series)}</div>${legend(series)}<p class="quiet">Lines: the hull of all settings on the test queries, which flatters. Dots: the settings chosen on training queries, with intervals; only they are judged.${chosen.length < scores.length ? ` Of the policies the ${MOST_LINES} of highest AIQ are drawn; the table has all.` : ''}${below.length > 0 ? ` Below the picture: ${toHtml(below.join(', '))}.` : ''}</p>`
}

/** All baselines, and of the policies those that stand highest; in their order. */
function forPicture(scores: readonly Score[], heightOf: (score: Score) => number): Score[] {
  const policies = scores.filter(({ kind }) => kind === 'policy')
  const drawn = new Set(policies.sort((a, b) => heightOf(b) - heightOf(a)).slice(0, MOST_LINES))
  return scores.filter((score) => score.kind === 'baseline' || drawn.has(score))
}

function renderIntervals(comparison: Comparison): string {
  const shades = colours(comparison)
  const rows = comparison.scores.flatMap(({ name, reached }, i) =>
    reached[0] ? [{ name, colour: shades[i]!, interval: reached[0].quality }] : [],
  )
  return `<h3>Quality</h3><div class="wide">${intervalPlot(rows, rows[0]!.interval.value)}</div><p class="quiet">The set records no costs. Dashed: the best constant.</p>`
}

function legend(entries: readonly Pick<Series, 'name' | 'colour' | 'dashed'>[]): string {
  return `<ul class="legend">${entries.map(({ name, colour, dashed }) => `<li><i style="${dashed ? `border:2px dashed ${colour}` : `background:${colour}`}"></i>${toHtml(name)}</li>`).join('')}</ul>`
}

function renderTable({ scores, aims }: Comparison): string {
  const priced = aims.length > 1
  const pair = scores.some((score) => score.pair !== null)
  const head = [
    'router',
    ...aims.map(nameAim),
    ...(priced ? ['AIQ'] : []),
    ...(pair ? ['APGR'] : []),
    'guard lets through',
    'time per decision',
  ]
  const rows = scores.map((score) => {
    const { name, kind, reached, aiq, pair: figures, shrinks, time } = score
    const cells = reached.map((one) => {
      if (one === null) return '<td>not reached</td>'
      const lead =
        one.verdict === null
          ? ''
          : `<small${one.verdict.beats ? ' class="beats"' : ''}>${signed(one.verdict.lead)} to the bar</small>`
      return `<td>${stacked(one.quality)}${priced ? `<small>for ${showShare(one.costShare)} of the cost</small>` : ''}${lead}</td>`
    })
    return `<tr><td class="${kind}">${toHtml(name)}</td>${cells.join('')}${priced ? `<td>${stacked(aiq)}</td>` : ''}${pair ? `<td>${figures ? stacked(figures.apgr) : ''}</td>` : ''}<td>${shrinks.length > 0 ? `${Math.round(100 * mean(shrinks))} %` : ''}</td><td>${time.p50Us.toFixed(0)} µs</td></tr>`
  })
  return `<div class="wide"><table><thead><tr>${head.map((text) => `<th>${toHtml(text)}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div><p class="quiet">The bar is the best constant with the same aim: a single model, or for a budget the best mix of two. Bold leads are shown with 95 % confidence for all policies together.</p>`
}

/** A value over its interval. */
function stacked(interval: Interval, digits = 4): string {
  return showInterval(interval, digits).replace(/ (\[.*\])/u, '<small>$1</small>')
}

function renderShares({ scores, aims, candidates }: Comparison): string {
  const shades = candidates.map((_, m) => colourOf(m, candidates.length))
  const bars = aims.map((aim, a) => {
    const rows = scores.flatMap(({ name, reached }) => {
      const shares = reached[a]?.shares
      if (shares === undefined) return []
      const parts = shares.map(
        (share, m) =>
          `<span style="width:${(100 * share).toFixed(2)}%;background:${shades[m]}" title="${toHtml(candidates[m]!)} ${(100 * share).toFixed(1)} %"></span>`,
      )
      return [`<span>${toHtml(name)}</span><div>${parts.join('')}</div>`]
    })
    return `<p>${toHtml(nameAim(aim))}</p><div class="share">${rows.join('')}</div>`
  })
  return legend(candidates.map((name, m) => ({ name, colour: shades[m]! }))) + bars.join('')
}

function renderTasks({ scores, aims, tasks }: Comparison): string {
  const shown = aims.flatMap((aim, a) => (aim.kind === 'match' ? [] : [{ aim, a }]))
  return shown
    .map(({ aim, a }) => {
      const reached = scores.filter((score) => score.reached[a])
      if (reached.length === 0) return ''
      const head = ['task', 'queries', ...reached.map(({ name }) => name)]
      const rows = tasks.map(({ name, queries }, t) =>
        row(name, queries, reached, (score) => score.reached[a]!.tasks[t]!),
      )
      const average = row('task average', '', reached, (score) => score.reached[a]!.taskAverage.value)
      return `<details${aim.kind === 'quality' ? ' open' : ''}><summary>${toHtml(nameAim(aim))}</summary><div class="wide"><table><thead><tr>${head.map((text) => `<th>${toHtml(text)}</th>`).join('')}</tr></thead><tbody>${rows.join('')}${average}</tbody></table></div></details>`
    })
    .join('')
}

function row(
  name: string,
  queries: number | string,
  scores: readonly Score[],
  figure: (score: Score) => number,
): string {
  const best = Math.max(...scores.map(figure))
  const cells = scores.map(
    (score) => `<td${figure(score) > best - 1e-9 ? ' class="beats"' : ''}>${figure(score).toFixed(4)}</td>`,
  )
  return `<tr><td>${toHtml(name)}</td><td>${queries}</td>${cells.join('')}</tr>`
}

function renderCalibration({ scores, candidates }: Comparison): string {
  const policies = scores.flatMap(({ name, calibration }) => (calibration === null ? [] : [{ name, calibration }]))
  const plots = policies.map(
    ({ name, calibration }) =>
      `<figure>${reliabilityPlot(pool(calibration))}<figcaption>${toHtml(name)}</figcaption></figure>`,
  )
  const head = ['model', ...policies.map(({ name }) => name)]
  const rows = candidates.map(
    (model, m) =>
      `<tr><td>${toHtml(model)}</td>${policies.map(({ calibration }) => `<td>${calibration[m]!.ece.toFixed(3)} · ${calibration[m]!.brier.toFixed(3)}</td>`).join('')}</tr>`,
  )
  return `<div class="plots">${plots.join('')}</div><p class="quiet">Observed over predicted quality, all models; on the diagonal a prediction means what it says. Predictions after the guard, which pulls them toward each model’s mean.</p><details><summary>Expected calibration error and Brier score per model</summary><div class="wide"><table><thead><tr>${head.map((text) => `<th>${toHtml(text)}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div></details>`
}

/** The bins of all models together. */
function pool(calibration: readonly Calibration[]): Bin[] {
  const bins = Array.from({ length: BINS }, () => ({ count: 0, predicted: 0, observed: 0 }))
  for (const { count, predicted, observed } of calibration.flatMap((one) => one.bins)) {
    const bin = bins[Math.min(BINS - 1, Math.floor(predicted * BINS))]!
    bin.count += count
    bin.predicted += count * predicted
    bin.observed += count * observed
  }
  return bins
    .filter(({ count }) => count > 0)
    .map(({ count, predicted, observed }) => ({ count, predicted: predicted / count, observed: observed / count }))
}
