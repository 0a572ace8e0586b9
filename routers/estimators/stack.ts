/**
 * A combination of several estimators: stacked generalisation (Wolpert 1992) by stacked regressions (Breiman 1996). The weights are not
 * negative, the same for all candidates, and those that predict the differences between candidates best on rows that the members did not see.
 * Members predict deviations from the candidates' means, so weights that sum to less than 1 shrink toward the constant. A weight is normal about 0 with variance 1
 * before the rows speak: it keeps a member that hardly predicts any difference from being blown up to fit their noise.
 */
import type { Estimator, EstimatorFamily, EstimatorState, JsonObject, TrainingSet } from '../../src/spec.ts'
import { clamp, pickRows, sampleRows } from '../math.ts'
import { fitMeans, loadMeans } from '../means.ts'
import { nonNegativeWeights } from '../nonNegative.ts'

export interface StackOptions {
  /** Names of estimators, each fitted with its own defaults. */
  readonly members: readonly string[]
  readonly folds: number
  /** Training rows that the weights are learned from: a number per member needs no more. The members learn from all. */
  readonly weighRows: number
  /** Strength of the candidates' own means, in outcomes; see `fitMeans`. */
  readonly pseudoCount: number
}

/** Below this a weight is rounding, and its member is left out. */
const MIN_WEIGHT = 1e-6

/** `families` are those that a stack can be made of; they are given, as the list of all estimators holds the stack itself. */
export function createStack(families: readonly EstimatorFamily[]): EstimatorFamily<StackOptions> {
  function find(name: string): EstimatorFamily {
    const found = families.find((family) => family.name === name)
    if (found) return found
    throw new RangeError(`a stack cannot hold '${name}'; choose from: ${families.map((one) => one.name).join(', ')}`)
  }

  return {
    name: 'stack',
    version: 1,
    defaults: { members: ['kernel', 'knn', 'cluster'], folds: 5, weighRows: 3000, pseudoCount: 5 },

    fit(data, { members, folds, weighRows, pseudoCount }, random) {
      const sample = pick(data, sampleRows(data.queries.length, weighRows, random))
      const weights = crossFit(sample, members.map(find), { folds, pseudoCount, random })
      const kept = members.flatMap((name, k) => (weights[k]! > MIN_WEIGHT ? [{ family: find(name), k }] : []))
      const fitted = kept.map(({ family, k }) => ({
        family,
        weight: weights[k]!,
        state: family.fit(data, family.defaults, random),
      }))
      return {
        params: {
          members: fitted.map(({ family, weight, state }) => {
            return { name: family.name, version: family.version, weight, params: state.params }
          }),
        },
        tensors: {
          means: fitMeans(data, pseudoCount),
          ...Object.fromEntries(
            fitted.flatMap(({ family, state }) =>
              Object.entries(state.tensors).map(([name, tensor]) => [`${family.name}.${name}`, tensor]),
            ),
          ),
        },
      }
    },

    load(state, ids) {
      const means = loadMeans(state, ids)
      const members = readMembers(state).map((member) => {
        const family = find(member.name)
        if (family.version !== member.version)
          throw new RangeError(`the stack's '${member.name}' was made by another version; train the policy again`)
        const prefix = `${member.name}.`
        const own = Object.entries(state.tensors).filter(([name]) => name.startsWith(prefix))
        const tensors = Object.fromEntries(own.map(([name, tensor]) => [name.slice(prefix.length), tensor]))
        return { weight: member.weight, estimator: family.load({ params: member.params, tensors }, ids) }
      })
      const total = members.reduce((sum, { weight }) => sum + weight, 0)
      const left = Math.max(0, 1 - total)
      const known = means.rows.some((rows) => rows > 0) ? 1 : 0

      return {
        name: 'stack',
        estimate(query, candidates) {
          const base = means.estimate(candidates)
          if (members.length === 0) {
            const { quality, qualityStd, outputTokens } = base
            return { quality, qualityStd, outputTokens, support: known }
          }
          const quality = base.quality.slice()
          // Members learn from the same outcomes, so their errors add up as if they were one.
          const qualityStd = base.qualityStd.map((std) => left * std)
          const outputTokens = base.outputTokens.slice()
          let support = 0
          for (const { weight, estimator } of members) {
            const part = estimator.estimate(query, candidates)
            const share = weight / total
            support += share * part.support
            for (let i = 0; i < candidates.length; i++) {
              quality[i]! += weight * (part.quality[i]! - base.quality[i]!)
              qualityStd[i]! += weight * part.qualityStd[i]!
              outputTokens[i]! += share * (part.outputTokens[i]! - base.outputTokens[i]!)
            }
          }
          return {
            quality: quality.map((value) => clamp(value, 0, 1)),
            qualityStd,
            outputTokens,
            support: clamp(support, 0, 1),
          }
        },
      }
    },
  }
}

interface CrossFitOptions {
  readonly folds: number
  readonly pseudoCount: number
  readonly random: () => number
}

/** The weights of families by what they predict for rows that they were not fitted on. */
function crossFit(
  data: TrainingSet,
  families: readonly EstimatorFamily[],
  { folds, pseudoCount, random }: CrossFitOptions,
): Float64Array {
  const m = data.candidates.length
  const ids = data.candidates.map(({ id }) => id)
  const foldOf = balancedFolds(data.queries.length, folds, random)
  const products = createProducts(families.length)
  for (let fold = 0; fold < folds; fold++) {
    const rows = [...foldOf.keys()]
    const seen = pick(
      data,
      rows.filter((i) => foldOf[i] !== fold),
    )
    const means = loadMeans({ params: {}, tensors: { means: fitMeans(seen, pseudoCount) } }, ids)
    const base = means.estimate(data.candidates).quality
    const estimators: Estimator[] = families.map((family) =>
      family.load(family.fit(seen, family.defaults, random), ids),
    )
    for (const i of rows.filter((row) => foldOf[row] === fold)) {
      const truth = data.quality.subarray(i * m, (i + 1) * m)
      const deviate = (quality: Float64Array) =>
        differ(
          quality.map((value, c) => value - base[c]!),
          truth,
        )
      products.add(
        deviate(truth),
        estimators.map((estimator) => deviate(estimator.estimate(data.queries[i]!, data.candidates).quality)),
      )
    }
  }
  return products.weights()
}

/** What `differenceLoss` measures, of the columns whose truth is known; the others are 0. */
function differ(values: Float64Array, truth: Float64Array): Float64Array {
  const known = values.filter((_, c) => !Number.isNaN(truth[c]!))
  const common = known.length < 2 ? 0 : known.reduce((sum, value) => sum + value, 0) / known.length
  return values.map((value, c) => (Number.isNaN(truth[c]!) ? 0 : value - common))
}

function createProducts(k: number) {
  const gram = new Float64Array(k * k)
  const target = new Float64Array(k)
  let [squares, cells] = [0, 0]
  return {
    /** Both of what `differ` made; cells that are not known are 0 and count all the same, as they do in the products. */
    add(truth: Float64Array, predictions: readonly Float64Array[]) {
      squares += product(truth, truth)
      cells += truth.length
      for (const [a, one] of predictions.entries()) {
        target[a]! += product(one, truth)
        for (const [b, other] of predictions.entries()) gram[a * k + b]! += product(one, other)
      }
    },
    /** Of highest posterior density under the noise that the outcomes would have if no member knew anything. */
    weights() {
      const noise = cells === 0 ? 0 : squares / cells
      return nonNegativeWeights(
        gram.map((value, at) => (at % (k + 1) === 0 ? value + noise : value)),
        target,
      )
    },
  }
}

function product(one: Float64Array, other: Float64Array): number {
  return one.reduce((sum, value, c) => sum + value * other[c]!, 0)
}

/** A fold for each row, all of the same size, to within one row. */
function balancedFolds(n: number, folds: number, random: () => number): number[] {
  const order = Array.from({ length: n }, (_, i) => ({ i, key: random() })).sort((a, b) => a.key - b.key)
  const foldOf = new Array<number>(n).fill(0)
  for (const [place, { i }] of order.entries()) foldOf[i] = place % folds
  return foldOf
}

function pick(data: TrainingSet, rows: readonly number[]): TrainingSet {
  const m = data.candidates.length
  return {
    candidates: data.candidates,
    queries: rows.map((i) => data.queries[i]!),
    quality: pickRows(data.quality, rows, m),
    outputTokens: pickRows(data.outputTokens, rows, m),
  }
}

interface Member {
  readonly name: string
  readonly version: number
  readonly weight: number
  readonly params: JsonObject
}

function readMembers({ params: { members } }: EstimatorState): readonly Member[] {
  if (!Array.isArray(members)) throw new RangeError("parameter 'members' must be a list; train the policy again")
  return members.map((member) => {
    if (isMember(member)) return member
    throw new RangeError("a member of parameter 'members' is damaged; train the policy again")
  })
}

function isMember(member: unknown): member is Member {
  if (typeof member !== 'object' || member === null) return false
  const { name, version, weight, params } = member as Record<keyof Member, unknown>
  if (typeof name !== 'string' || typeof version !== 'number' || typeof weight !== 'number') return false
  return weight > 0 && typeof params === 'object' && params !== null && !Array.isArray(params)
}
