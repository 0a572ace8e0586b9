/** The routers that an evaluation was asked for, as data. */
import { estimators, findEstimator, findPlanner } from '../../../routers/index.ts'
import type { JsonObject } from '../../spec.ts'

/** A family by name, with what differs from its defaults. */
export interface Named {
  readonly name: string
  readonly options: JsonObject
}

export type Contender =
  | { readonly kind: 'baselines' }
  | {
      readonly kind: 'policy'
      readonly estimator: Named
      readonly planner: Named
      readonly seed: number
      /** Also the policy that believes all that its estimator says. */
      readonly unguarded: boolean
    }
  | { readonly kind: 'cascades'; readonly estimator: Named; readonly seed: number }

/**
 * Reads `knn,linear` or `knn={"k":20}`, several of either. Throws a `RangeError` that says what there is: names, or the estimator's options.
 */
export function readEstimators(words: readonly string[]): Named[] {
  const all = estimators.map(({ name }) => ({ name, options: {} }))
  return words
    .flatMap((word) => (word === 'all' ? all : readNamed(word)))
    .map(({ name, options }) => {
      const known = Object.keys(findEstimator(name).defaults)
      const unknown = Object.keys(options).find((option) => !known.includes(option))
      if (unknown === undefined) return { name, options }
      const choice = known.length === 0 ? 'it has none' : `choose among: ${known.join(', ')}`
      throw new RangeError(`the estimator '${name}' has no option '${unknown}'; ${choice}`)
    })
}

/** A single one. */
export function readEstimator(word: string): Named {
  const [named, ...others] = readEstimators([word])
  if (named !== undefined && others.length === 0) return named
  throw new RangeError(`one estimator is learned at a time, not '${word}'`)
}

/** The same for planners; their options are read where they are fitted. */
export function readPlanners(words: readonly string[]): Named[] {
  return words.flatMap(readNamed).map(({ name, options }) => ({ name: findPlanner(name).name, options }))
}

function readNamed(word: string): Named[] {
  const at = word.indexOf('=')
  if (at < 0) return word.split(',').map((name) => ({ name, options: {} }))
  return [{ name: word.slice(0, at), options: readOptions(word.slice(at + 1), word.slice(0, at)) }]
}

function readOptions(text: string, name: string): JsonObject {
  try {
    const options = JSON.parse(text)
    if (options !== null && typeof options === 'object' && !Array.isArray(options)) return options
  } catch {}
  throw new RangeError(`the options of '${name}' must be a JSON object, such as ${name}={"k":20}, not ${text}`)
}

export function showNamed({ name, options }: Named): string {
  return Object.keys(options).length === 0 ? name : `${name} ${JSON.stringify(options)}`
}
