/** The report's charts, drawn as SVG. Colours are the page's CSS variables, so that light and dark are one drawing. */
import type { Interval } from '../../train/metrics/interval.ts'

const WIDTH = 880
const LEFT = 56
const RIGHT = 16
/** Straight pieces of a line that the axis bends. */
const STEPS = 12

export interface PlotPoint {
  /** Above 0. */
  readonly x: number
  readonly y: number
  /** Ends of the interval around y. */
  readonly low?: number
  readonly high?: number
  readonly title: string
}

export interface Series {
  readonly name: string
  readonly colour: string
  readonly line: readonly { readonly x: number; readonly y: number }[]
  readonly points: readonly PlotPoint[]
  readonly dashed?: boolean
  /** Writes each point's title beside it where there is room; it shows under the pointer in any case. */
  readonly labelled?: boolean
}

/** Text as HTML. */
export function toHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replace(/[&<>"]/gu, (character) => entities[character]!)
}

/** A colour of its own for each of a few things. */
export function colourOf(index: number, count: number): string {
  return `hsl(${Math.round((360 * index) / Math.max(1, count) + 210) % 360} 65% var(--lightness))`
}

/** Quality over cost in USD per 1,000 queries, on a logarithmic axis. */
export function paretoPlot(series: readonly Series[]): string {
  const axis = { title: 'Quality over cost', label: 'cost per 1,000 queries', format: dollars }
  return logPlot(
    series.map((one) => ({ ...one, line: bend(one.line) })),
    axis,
  )
}

/** Quality over the number of training queries, on a logarithmic axis. */
export function learningPlot(series: readonly Series[], label: string): string {
  return logPlot(series, { title: 'Learning curve', label, format: String })
}

interface Axis {
  readonly title: string
  readonly label: string
  format(value: number): string
}

function logPlot(series: readonly Series[], axis: Axis): string {
  const height = 460
  const [top, bottom] = [12, 44]
  const all = series.flatMap(({ line, points }) => [...line, ...points])
  const xs = all.map(({ x }) => Math.log10(x))
  const ys = [...all.map(({ y }) => y), ...series.flatMap(({ points }) => points.flatMap((p) => p.low ?? p.y))]
  const [x0, x1] = padded(Math.min(...xs), Math.max(...xs))
  const [y0, y1] = padded(Math.min(...ys), Math.max(...ys))
  const px = (x: number) => LEFT + ((Math.log10(x) - x0) / (x1 - x0)) * (WIDTH - LEFT - RIGHT)
  const py = (y: number) => height - bottom - ((y - y0) / (y1 - y0)) * (height - top - bottom)
  const parts = [
    ...yTicks(y0, y1).map(
      (y) =>
        `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at(py(y))}" y2="${at(py(y))}"/><text x="${LEFT - 8}" y="${at(py(y) + 4)}" text-anchor="end">${y.toFixed(2)}</text>`,
    ),
    ...logTicks(x0, x1).map(
      (x) =>
        `<line class="grid" y1="${top}" y2="${height - bottom}" x1="${at(px(x))}" x2="${at(px(x))}"/><text x="${at(px(x))}" y="${height - bottom + 18}" text-anchor="middle">${axis.format(x)}</text>`,
    ),
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${height - 6}" text-anchor="middle">${axis.label}</text>`,
  ]
  const taken: Box[] = []
  for (const { colour, line, points, dashed, labelled, name } of series) {
    if (line.length > 1) {
      const path = line.map(({ x, y }) => `${at(px(x))},${at(py(y))}`).join(' ')
      parts.push(
        `<polyline points="${path}" stroke="${colour}"${dashed ? ' stroke-dasharray="5 4"' : ''}><title>${toHtml(name)}</title></polyline>`,
      )
    }
    for (const { x, y, low, high, title } of points) {
      if (low !== undefined && high !== undefined)
        parts.push(
          `<line class="interval" stroke="${colour}" x1="${at(px(x))}" x2="${at(px(x))}" y1="${at(py(low))}" y2="${at(py(Math.min(high, y1)))}"/>`,
        )
      parts.push(
        `<circle cx="${at(px(x))}" cy="${at(py(y))}" r="${labelled ? 3.5 : 4.5}" fill="${colour}"><title>${toHtml(title)}</title></circle>`,
      )
      if (labelled) {
        const label = placeLabel(title, { x: px(x), y: py(y) }, taken)
        if (label !== null) parts.push(label)
      }
    }
  }
  return svg(height, axis.title, parts)
}

/** One interval per line, with a mark where the bar to beat is. */
export function intervalPlot(
  rows: readonly { readonly name: string; readonly colour: string; readonly interval: Interval }[],
  bar: number,
): string {
  const left = 200
  const height = 40 + 26 * rows.length
  const ends = rows.flatMap(({ interval }) => [interval.low, interval.high, interval.value])
  const [x0, x1] = padded(Math.min(...ends, bar), Math.max(...ends, bar))
  const px = (x: number) => left + ((x - x0) / (x1 - x0)) * (WIDTH - left - RIGHT)
  return svg(height, 'Quality with intervals', [
    ...yTicks(x0, x1).map(
      (x) =>
        `<line class="grid" y1="8" y2="${height - 28}" x1="${at(px(x))}" x2="${at(px(x))}"/><text x="${at(px(x))}" y="${height - 10}" text-anchor="middle">${x.toFixed(2)}</text>`,
    ),
    `<line class="bar" x1="${at(px(bar))}" x2="${at(px(bar))}" y1="8" y2="${height - 28}"/>`,
    ...rows.map(({ name, colour, interval: { value, low, high } }, i) => {
      const y = 24 + 26 * i
      return `<text x="${left - 10}" y="${y + 4}" text-anchor="end">${toHtml(name)}</text><line class="interval" stroke="${colour}" x1="${at(px(low))}" x2="${at(px(high))}" y1="${y}" y2="${y}"/><circle cx="${at(px(value))}" cy="${y}" r="4.5" fill="${colour}"><title>${toHtml(name)} ${value.toFixed(4)}</title></circle>`
    }),
  ])
}

/** Observed over predicted, one dot per bin, its area by the number of queries. */
export function reliabilityPlot(
  bins: readonly { readonly count: number; readonly predicted: number; readonly observed: number }[],
): string {
  const size = 190
  const [low, high] = [30, size - 10]
  const place = (value: number) => low + value * (high - low)
  const most = Math.max(...bins.map(({ count }) => count))
  const ticks = [0, 0.5, 1].map(
    (tick) =>
      `<text x="${at(place(tick))}" y="${size - 6}" text-anchor="middle">${tick}</text><text x="24" y="${at(size - place(tick) + 4)}" text-anchor="end">${tick}</text>`,
  )
  const dots = bins.map(
    ({ count, predicted, observed }) =>
      `<circle class="dot" cx="${at(place(predicted))}" cy="${at(size - place(observed))}" r="${at(1.5 + 6 * Math.sqrt(count / most))}"><title>predicted ${predicted.toFixed(3)}, observed ${observed.toFixed(3)}, ${count} answers</title></circle>`,
  )
  const frame = `<rect class="frame" x="${low}" y="${size - high}" width="${high - low}" height="${high - low}"/><line class="bar" x1="${low}" y1="${size - low}" x2="${high}" y2="${size - high}"/>`
  return `<svg viewBox="0 0 ${size} ${size}" width="${size}" height="${size}" role="img" aria-label="Observed over predicted quality">${frame}${ticks.join('')}${dots.join('')}</svg>`
}

/** A mix of two settings lies on the straight line between them, which a logarithmic axis bends. */
function bend(line: Series['line']): Series['line'] {
  return line.flatMap((to, i) => {
    const from = line[i - 1]
    if (from === undefined) return [to]
    return Array.from({ length: STEPS }, (_, k) => {
      const share = (k + 1) / STEPS
      return { x: from.x + share * (to.x - from.x), y: from.y + share * (to.y - from.y) }
    })
  })
}

interface Box {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** The first of four places around a point where a label covers no other, `null` where there is none. */
function placeLabel(text: string, { x, y }: { readonly x: number; readonly y: number }, taken: Box[]): string | null {
  const width = 6.4 * text.length
  const places = [
    { x, y: y + 17, anchor: 'middle', left: x - width / 2 },
    { x: x + 7, y: y + 4, anchor: 'start', left: x + 7 },
    { x: x - 7, y: y + 4, anchor: 'end', left: x - 7 - width },
    { x, y: y - 9, anchor: 'middle', left: x - width / 2 },
  ]
  for (const place of places) {
    const box = { left: place.left, right: place.left + width, top: place.y - 11, bottom: place.y + 3 }
    const covers = (other: Box) =>
      box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom
    if (box.left < LEFT || box.right > WIDTH || taken.some(covers)) continue
    taken.push(box)
    return `<text class="label" x="${at(place.x)}" y="${at(place.y)}" text-anchor="${place.anchor}">${toHtml(text)}</text>`
  }
  return null
}

function svg(height: number, label: string, parts: readonly string[]): string {
  return `<svg class="chart" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${label}">${parts.join('')}</svg>`
}

function padded(low: number, high: number): [number, number] {
  const room = (high - low || 0.1) * 0.06
  return [low - room, high + room]
}

/** Some five round numbers. */
function yTicks(low: number, high: number): number[] {
  const rough = (high - low) / 6
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough)!
  const first = Math.ceil(low / step)
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step)
}

/** Powers of ten with their doubles and fivefolds, within exponents. */
function logTicks(low: number, high: number): number[] {
  const factors = high - low > 3 ? [1] : [1, 2, 5]
  const powers = Array.from({ length: Math.ceil(high) - Math.floor(low) + 1 }, (_, i) => 10 ** (Math.floor(low) + i))
  return powers
    .flatMap((power) => factors.map((factor) => factor * power))
    .filter((tick) => Math.log10(tick) >= low && Math.log10(tick) <= high)
}

export function dollars(usd: number): string {
  return `$${Number(usd.toPrecision(3))}`
}

function at(value: number): string {
  return value.toFixed(1)
}
