import { describe, expect, it } from 'vitest'
import { seeded } from '../fixtures.ts'
import { type Acceptance, type AcceptanceExample, believe, fitAcceptance } from './acceptance.ts'
import { readSignals } from './signals.ts'

const PROMPT = 'Which?\nA) one\nB) two\nC) three\nD) four\nAnswer:'
const LETTERS = ['A', 'B', 'C', 'D']
const CHANCES = [0.5, 0.6, 0.7, 0.8]
const BEST = 3

/** Candidates that pick the right letter with their own chance, else any other, each for itself; `twins`: the second repeats the first. */
function examplesOf(rows: number, seed: number, { twins = false, silent = false } = {}): AcceptanceExample[] {
  const random = seeded(seed)
  return Array.from({ length: rows }, () => {
    const right = LETTERS[Math.floor(4 * random())]!
    const wrong = LETTERS.filter((letter) => letter !== right)
    const picks = CHANCES.map((chance) => (random() < chance ? right : wrong[Math.floor(3 * random())]!))
    if (twins) picks[1] = picks[0]!
    return {
      expected: { quality: twins ? [0.5, 0.5, 0.7, 0.8] : CHANCES, outputTokens: [1, 1, 1, 1] },
      answers: picks.map((pick) => readSignals(PROMPT, silent ? '' : pick, 1)),
      quality: picks.map((pick) => (pick === right ? 1 : 0)),
    }
  })
}

const heardOf = ({ answers }: AcceptanceExample, candidates: readonly number[]) =>
  candidates.map((candidate) => ({ candidate, signals: answers[candidate]! }))
const learn = (examples: readonly AcceptanceExample[]) =>
  fitAcceptance(examples, { maxSteps: 3, paths: 4, random: seeded(9) })

/** Mean belief and mean outcome of a candidate where the answers of two agree, or do not. */
function split(
  acceptance: Acceptance,
  examples: readonly AcceptanceExample[],
  { pair, candidate }: { readonly pair: readonly [number, number]; readonly candidate: number },
) {
  const sums = { same: [0, 0, 0], other: [0, 0, 0] }
  for (const example of examples) {
    const heard = heardOf(example, pair)
    const sum = heard[0]!.signals.choice === heard[1]!.signals.choice ? sums.same : sums.other
    sum[0]! += believe(acceptance, example.expected, heard).quality[candidate]!
    sum[1]! += example.quality[candidate]!
    sum[2]! += 1
  }
  const means = ([belief, outcome, count]: readonly number[]) => ({
    belief: belief! / count!,
    outcome: outcome! / count!,
  })
  return { same: means(sums.same), other: means(sums.other) }
}

describe('what is believed once answers are there', () => {
  const acceptance = learn(examplesOf(1500, 1))
  const examples = examplesOf(3000, 2)

  it('is that two who agree are right, as often as they are', () => {
    const { same, other } = split(acceptance, examples, { pair: [0, 2], candidate: 0 })
    expect(same.outcome).toBeGreaterThan(0.85)
    expect(same.belief).toBeCloseTo(same.outcome, 1)
    expect(other.belief).toBeCloseTo(other.outcome, 1)
  })

  it('is little news of those who have not answered', () => {
    const { same, other } = split(acceptance, examples, { pair: [0, 2], candidate: BEST })
    expect(same.belief).toBeCloseTo(CHANCES[BEST]!, 1)
    expect(other.belief).toBeCloseTo(CHANCES[BEST]!, 1)
  })

  it('makes the best of three answers better than the best candidate', () => {
    let [picked, best] = [0, 0]
    for (const example of examples) {
      const { quality } = believe(acceptance, example.expected, heardOf(example, [1, 2, BEST]))
      picked += example.quality[[1, 2, BEST].reduce((a, b) => (quality[b]! > quality[a]! ? b : a))]!
      best += example.quality[BEST]!
    }
    expect(picked).toBeGreaterThan(best + 0.02 * examples.length)
  })

  it('is nothing new where answers say nothing', () => {
    const acceptance = learn(examplesOf(1500, 1, { silent: true }))
    for (const example of examplesOf(20, 3, { silent: true })) {
      const { quality } = believe(acceptance, example.expected, heardOf(example, [0, 2]))
      for (const [m, chance] of CHANCES.entries()) expect(quality[m]).toBeCloseTo(chance, 1)
    }
    expect(Math.max(...acceptance.spread.flat())).toBeLessThan(0.07)
  })

  it('is not more where one only repeats another', () => {
    const acceptance = learn(examplesOf(1500, 1, { twins: true }))
    const example = examplesOf(1, 4, { twins: true })[0]!
    const { quality } = believe(acceptance, example.expected, heardOf(example, [0, 1]))
    expect(quality[0]).toBeCloseTo(0.5, 1)
  })

  it('is what was expected before any, with room for what answers will say', () => {
    const { expected } = examples[0]!
    expect(believe(acceptance, expected, [])).toEqual({ quality: expected.quality, qualityStd: acceptance.spread[0] })
    expect(Math.min(...acceptance.spread[0]!)).toBeGreaterThan(0.1)
    expect(acceptance.spread).toHaveLength(3)
  })

  it('survives a round trip as JSON', () => {
    const heard = heardOf(examples[0]!, [2, 0])
    const copy = JSON.parse(JSON.stringify(acceptance))
    expect(believe(copy, examples[0]!.expected, heard)).toEqual(believe(acceptance, examples[0]!.expected, heard))
  })
})

it('an answer that declines is believed less', () => {
  const random = seeded(5)
  const examples = Array.from({ length: 800 }, (): AcceptanceExample => {
    const declined = CHANCES.map(() => random() < 0.3)
    return {
      expected: { quality: [0.6, 0.6, 0.6, 0.6], outputTokens: [20, 20, 20, 20] },
      answers: declined.map((no) => readSignals('Tell me.', no ? 'I cannot answer that.' : 'Of course, gladly.', 20)),
      quality: declined.map((no) => (no ? 0 : random() < 0.85 ? 1 : 0)),
    }
  })
  const acceptance = learn(examples)
  const told = (answer: string) =>
    believe(acceptance, examples[0]!.expected, [{ candidate: 2, signals: readSignals('Tell me.', answer, 20) }])
      .quality[2]!
  expect(told('I cannot answer that.')).toBeLessThan(0.1)
  expect(told('Of course, gladly.')).toBeCloseTo(0.85, 1)
})
