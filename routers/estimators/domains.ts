/**
 * Named domains: a classifier head on the frozen vector and the features says which domain a query is of, and a candidate is as good as it is there. MoDEM
 * (arXiv 2410.07490), and the category step of Composition of Experts (arXiv 2412.01868), which sends what its classifier is unsure of to a category
 * "general". The domains are the labels of the training queries, which no query has when serving. Statistics of a domain are shrunk toward the
 * candidate's mean; a query takes them by its probabilities, so that one of which the classifier knows nothing gets the means.
 */
import type { EstimatorFamily, TrainingSet } from '../../src/spec.ts'
import { blockVariance } from '../blocks.ts'
import { blendEffects, fitEffects, loadEffects, saveEffects } from '../effects.ts'
import { type Frame, fitFrame, loadFrame, saveFrame } from '../frame.ts'
import { clamp, pickRows, sampleRows } from '../math.ts'
import { type ClassInput, classChances, classLoss, fitSoftmax } from '../softmax.ts'
import { f64, readF64, readTexts } from '../state.ts'

export interface DomainsOptions {
  /** Labelled training rows that the classifier's penalty is chosen on. */
  readonly tuneRows: number
  /** Strength of the candidates' own means, in outcomes; see `fitMeans`. */
  readonly pseudoCount: number
}

/** Precisions of the classifier's weights to choose from. */
const PRECISIONS = [0.03, 0.3, 3, 30]
/** The share of the rows that the choice is judged on. */
const HELD_OUT = 1 / 3

export const domains: EstimatorFamily<DomainsOptions> = {
  name: 'domains',
  version: 1,
  needs: 'tasks',
  defaults: { tuneRows: 1500, pseudoCount: 5 },

  fit(data, { tuneRows, pseudoCount }, random) {
    const frame = fitFrame(data)
    const { m, width, ridge } = frame
    const { names, labelled } = labelsOf(data, frame)
    const weights = fitSoftmax(labelled, tune(labelled, tuneRows, random))
    const blocks = blockVariance(weights, labelled.x, { ...frame, n: labelled.n, m: names.length })
    const featureShare = blocks.features / (blocks.features + blocks.vector || 1)
    const outcomes = pickRows(data.quality, labelled.rows, m)
    const grouped = { outcomes, m, owner: labelled.labels }
    const effects = saveEffects('quality', fitEffects(grouped, { clusters: names.length, pseudoCount }))
    const { penalty } = ridge.solve(data.quality, m)
    const saved = saveFrame(frame, data, { penalty, featureShare, pseudoCount })
    return {
      params: { ...saved.params, ...effects.params, domains: names },
      tensors: { ...saved.tensors, ...effects.tensors, classifier: f64(weights, [names.length, 1 + width]) },
    }
  },

  load(state, ids) {
    const m = ids.length
    const frame = loadFrame(state, ids)
    const names = readTexts(state, 'domains')
    const weights = readF64(state, 'classifier', [names.length, 1 + frame.width])
    const effects = loadEffects(state, 'quality', names.length, m)

    return {
      name: 'domains',
      estimate(query, candidates) {
        const { columns, ...prediction } = frame.means.estimate(candidates)
        if (frame.rows === 0) return { ...prediction, support: 0 }
        const { row, support } = frame.place(query)
        const chances = classChances(weights, row)
        const { shared, specific, variance } = blendEffects(effects, chances)
        for (const [i, c] of columns.entries()) {
          if (c < 0) {
            // What all candidates share in a domain holds for strangers too, less so near 0 and 1: by the slope of a logistic curve, 1 at ½.
            const prior = prediction.quality[i]!
            prediction.quality[i] = clamp(prior + 4 * prior * (1 - prior) * shared, 0, 1)
            continue
          }
          prediction.quality[i] = clamp(effects.level[c]! + shared + specific[c]!, 0, 1)
          // Beside the doubt about each domain's statistics, that about the domain.
          const between = chances.reduce((sum, chance, k) => {
            return sum + chance * (effects.shared[k]! + effects.specific[k * m + c]! - shared - specific[c]!) ** 2
          }, 0)
          prediction.qualityStd[i] = Math.sqrt(prediction.qualityStd[i]! ** 2 + variance[c]! + between)
          prediction.outputTokens[i] = frame.tokens(c, row) ?? prediction.outputTokens[i]!
        }
        // More probable than all others together; else the query is of none: general.
        const category = names[chances.findIndex((chance) => chance > 0.5)]
        return { ...prediction, support, ...(category !== undefined && { category }) }
      },
    }
  },
}

/** The domains by name, and the rows that have one. Throws a `RangeError` when there are rows, and none has. */
function labelsOf({ tasks = [] }: TrainingSet, { x, n, width }: Frame) {
  const rows = [...tasks.keys()].filter((i) => tasks[i] !== '')
  if (n > 0 && rows.length === 0)
    throw new RangeError(
      'domains learns from the task of each query, and no query has one; label them, or take cluster',
    )
  const names = [...new Set(rows.map((i) => tasks[i]!))].sort()
  const numberOf = new Map(names.map((name, k) => [name, k]))
  const labels = Int32Array.from(rows, (i) => numberOf.get(tasks[i]!)!)
  return {
    names,
    labelled: { rows, x: pickRows(x, rows, width), n: rows.length, width, labels, classes: names.length },
  }
}

/** The precision under which held-out labels are most probable. */
function tune(labelled: ClassInput, tuneRows: number, random: () => number): number {
  const sample = sampleRows(labelled.n, tuneRows, random)
  const isHeld = sample.map(() => random() < HELD_OUT)
  const part = (held: boolean): ClassInput => {
    const rows = sample.filter((_, s) => isHeld[s] === held)
    const x = pickRows(labelled.x, rows, labelled.width)
    return { ...labelled, x, n: rows.length, labels: Int32Array.from(rows, (i) => labelled.labels[i]!) }
  }
  const [seen, held] = [part(false), part(true)]
  const losses = PRECISIONS.map((precision) => classLoss(fitSoftmax(seen, precision), held))
  return PRECISIONS[losses.indexOf(Math.min(...losses))]!
}
