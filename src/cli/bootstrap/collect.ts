/** Asks and grades prompt by prompt, as many as the budget holds. */
import { judge as judgeBudget } from '../../admit/budget.ts'
import { TYPICAL } from '../../route/cost.ts'
import type { Candidate } from '../../spec.ts'
import type { Prompt } from '../../train/bootstrap/prompts.ts'
import type { Answer, Answers } from './answers.ts'
import type { Asker } from './ask.ts'
import { expectedJudgingUsd, type GradeOptions, grade } from './grade.ts'

export interface Graded {
  readonly prompt: Prompt
  /** In the order of the candidates; `null`: the candidate cannot answer it. */
  readonly answers: readonly (Answer | null)[]
  /** In [0, 1]; `null`: not known. */
  readonly qualities: readonly (number | null)[]
}

export interface Collected {
  readonly graded: readonly Graded[]
  /** There were more prompts than the budget holds. */
  readonly exhausted: boolean
}

/** Prompts asked one at a time, to learn how long answers are before many are under way. */
const PILOT = 5

export interface CollectOptions {
  readonly candidates: readonly Candidate[]
  readonly asker: Asker
  readonly answers: Answers
  readonly grading: GradeOptions
  /** Of all that the file of answers holds and will hold. */
  readonly budgetUsd: number
  readonly concurrency: number
  readonly onProgress: (done: number, total: number) => void
}

/**
 * In the order given. A prompt is begun only while what was paid, what is expected of the prompts under way and of its own answers and comparisons are together
 * within the budget. So it ends within it but for what answers under way cost more than the longest of their model before.
 */
export async function collect(prompts: readonly Prompt[], options: CollectOptions): Promise<Collected> {
  const { candidates, asker, answers, grading, budgetUsd, concurrency, onProgress } = options
  const graded: (Graded | undefined)[] = []
  const underWay = new Set<Promise<void>>()
  const failures: unknown[] = []
  let reserved = 0
  let done = 0
  let exhausted = false

  async function one(prompt: Prompt, i: number, expectedUsd: number): Promise<void> {
    try {
      const given = await Promise.all(candidates.map((candidate) => asker.ask(candidate, prompt.messages)))
      const qualities = await grade(
        prompt,
        given.map((answer) => answer?.text ?? null),
        grading,
      )
      graded[i] = { prompt, answers: given, qualities }
      onProgress(++done, prompts.length)
    } catch (thrown) {
      failures.push(thrown)
    } finally {
      reserved -= expectedUsd
    }
  }

  const expectedOf = (prompt: Prompt) =>
    candidates.reduce((sum, candidate) => sum + asker.expectedUsd(candidate, prompt.messages), 0) +
    expectedJudgingUsd(prompt, grading, Math.round(meanTokens(graded)))

  for (const [i, prompt] of prompts.entries()) {
    const most = done < PILOT ? 1 : concurrency
    while (underWay.size >= most) await Promise.race(underWay)
    let expectedUsd = expectedOf(prompt)
    // Once the budget is spent, what is paid for already still counts; of the others the cheap ones alone would be no fair sample.
    if (exhausted && expectedUsd > 0) continue
    const verdict = () =>
      expectedUsd === 0
        ? 'granted'
        : judgeBudget({ spent: answers.spentUsd, reserved }, { expectedUsd, usdPerDay: budgetUsd })
    while (verdict() === 'busy') {
      await Promise.race(underWay)
      expectedUsd = expectedOf(prompt)
    }
    if (failures.length > 0) break
    if (verdict() === 'exhausted') {
      exhausted = true
      continue
    }
    reserved += expectedUsd
    const running = one(prompt, i, expectedUsd).finally(() => underWay.delete(running))
    underWay.add(running)
  }
  await Promise.all(underWay)
  if (failures.length > 0) throw failures[0]
  return { graded: graded.filter((row) => row !== undefined), exhausted }
}

function meanTokens(graded: readonly (Graded | undefined)[]): number {
  const lengths = graded.flatMap((row) => row?.answers.flatMap((answer) => answer?.usage.output ?? []) ?? [])
  if (lengths.length === 0) return TYPICAL.outputTokens
  return lengths.reduce((sum, length) => sum + length, 0) / lengths.length
}
