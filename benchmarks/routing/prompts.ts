/**
 * Queries and outcomes for benchmarks. Queries come in kinds, kinds in topics and those in fields (24 × 12 × 8), as prompts do: a vector is a sum of one
 * draw per level, its components falling as j^−0.4, and features follow four factors that the levels have too. The shares of the levels are set so that the
 * squared distances to the 1st, 10th and 100th neighbour and to a row in the middle are near those of the 42,686 public prompts that the project is developed on: 0.18, 0.26,
 * 0.49 and 1.50 among 10,000 rows, 0.11, 0.25, 0.44 and 1.49 there. A candidate is right with a chance that falls with the query's difficulty, a
 * factor, and depends on the topic; answers grow with another factor.
 */
import { candidatesOf, seeded } from '../../routers/fixtures.ts'
import { sigmoid } from '../../routers/math.ts'
import type { Query, TrainingSet } from '../../src/spec.ts'

export const DIM = 512
export const FEATURES = 14
const BRANCHES = [24, 12, 8]
/** Of the variance of a query, per level; the rest is its own. */
const SHARES = [0.45, 0.25, 0.12]
const DECAY = 0.4
const FACTORS = 4
/** Of a feature's standard deviation what the factors do not say. */
const FEATURE_NOISE = 0.3

interface Draw {
  readonly vector: Float32Array
  readonly factors: Float64Array
  /** What each candidate's chance gains, in logits. */
  readonly skill: Float64Array
}

export interface World {
  /** As many queries as asked, each time others, with their fields as tasks. */
  draw(rows: number, options?: DrawOptions): TrainingSet
}

export interface DrawOptions {
  /** Share of the outcomes that is not known. */
  readonly missing?: number
  /** Whether to draw the vectors of the answers too: right ones are alike, wrong ones are not. */
  readonly answers?: boolean
}

/** `seed` decides the world and all that is drawn from it. */
export function createWorld(candidateCount: number, seed: number): World {
  const random = seeded(seed)
  const normal = createNormal(random)
  const candidates = candidatesOf(candidateCount)
  const scale = Float64Array.from({ length: DIM }, (_, j) => (1 + j) ** -DECAY)
  const loads = Float64Array.from({ length: FEATURES * FACTORS }, () => normal() / Math.sqrt(FACTORS))
  const drawOf = (share: number, skill: number): Draw => ({
    vector: Float32Array.from(scale, (value) => Math.sqrt(share) * value * normal()),
    factors: Float64Array.from({ length: FACTORS }, () => Math.sqrt(share) * normal()),
    skill: Float64Array.from({ length: skill }, () => normal()),
  })
  const levels = BRANCHES.map((_, level) => {
    const count = BRANCHES.slice(0, level + 1).reduce((product, branch) => product * branch, 1)
    return Array.from({ length: count }, () => drawOf(SHARES[level]!, candidateCount))
  })
  const rest = 1 - SHARES.reduce((sum, share) => sum + share, 0)

  function drawQuery(): { query: Query; draws: readonly Draw[]; field: number } {
    const places: number[] = []
    for (const branch of BRANCHES) places.push((places.at(-1) ?? 0) * branch + Math.floor(random() * branch))
    const draws = places.map((place, level) => levels[level]![place]!)
    const all = [...draws, drawOf(rest, 0)]
    const vector = new Float32Array(DIM)
    for (const draw of all) for (let j = 0; j < DIM; j++) vector[j]! += draw.vector[j]!
    let squares = 0
    for (let j = 0; j < DIM; j++) squares += vector[j]! ** 2
    for (let j = 0; j < DIM; j++) vector[j]! /= Math.sqrt(squares)
    const features = Float64Array.from({ length: FEATURES }, (_, j) => {
      let sum = FEATURE_NOISE * normal()
      for (let f = 0; f < FACTORS; f++) sum += loads[j * FACTORS + f]! * factorOf(all, f)
      return sum
    })
    return {
      query: { text: '', vector, features, inputTokens: 500, requires: new Set() },
      draws: all,
      field: places[0]!,
    }
  }

  return {
    draw(rows, { missing = 0, answers: withAnswers = false } = {}) {
      const queries: Query[] = []
      const tasks: string[] = []
      const answers: Float32Array[] = []
      const quality = new Float64Array(rows * candidateCount).fill(Number.NaN)
      const outputTokens = quality.slice()
      for (let i = 0; i < rows; i++) {
        const { query, draws, field } = drawQuery()
        queries.push(query)
        tasks.push(`field ${field}`)
        const [difficulty, length] = [factorOf(draws, 0), factorOf(draws, 1)]
        for (let c = 0; c < candidateCount; c++) {
          const skill = 0.5 * draws[0]!.skill[c]! + 0.5 * draws[1]!.skill[c]!
          const ability = (3 * c) / Math.max(1, candidateCount - 1) - 1
          const right = random() < sigmoid(ability + skill - 1.5 * difficulty)
          if (withAnswers) answers.push(query.vector!.map((value) => (right ? value : 0) + normal() / Math.sqrt(DIM)))
          if (random() < missing) continue
          quality[i * candidateCount + c] = right ? 1 : 0
          outputTokens[i * candidateCount + c] = Math.round((100 + 20 * c) * Math.exp(0.5 * length + 0.3 * normal()))
        }
      }
      return { queries, candidates, quality, outputTokens, tasks, ...(withAnswers && { answers }) }
    },
  }
}

function factorOf(draws: readonly Draw[], factor: number): number {
  return draws.reduce((sum, { factors }) => sum + factors[factor]!, 0)
}

/** Box–Muller, both halves of a pair. */
function createNormal(random: () => number): () => number {
  let spare: number | null = null
  return () => {
    if (spare !== null) {
      const value = spare
      spare = null
      return value
    }
    const radius = Math.sqrt(-2 * Math.log(1 - random()))
    const angle = 2 * Math.PI * random()
    spare = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }
}
