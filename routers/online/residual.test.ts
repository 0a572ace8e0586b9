import { describe, expect, it } from 'vitest'
import type { Candidate, Estimate, Lesson, OnlineModel, Preference, Query } from '../../src/spec.ts'
import { candidatesOf, queryOf, seeded } from '../fixtures.ts'
import { squarecb } from '../planners/squarecb.ts'
import { createOnlineModel } from './residual.ts'

const SHAPE = { features: 3, dim: 16, forgetting: 0.999 }
const three = candidatesOf(3)

function estimateOf(quality: readonly number[], std = 0.1): Estimate {
  return {
    quality: Float64Array.from(quality),
    qualityStd: new Float64Array(quality.length).fill(std),
    outputTokens: new Float64Array(quality.length).fill(100),
    support: 1,
  }
}

function lessonOf(model: OnlineModel, query: Query, predicted: number, weight = 1): Lesson {
  return { model: model.id, features: model.encode(query), predicted, weight }
}

/** Lessons of every candidate in turn, each as good as `qualityOf` says. */
function teach(model: OnlineModel, rows: number, qualityOf: (c: number, query: Query) => number, random = seeded(1)) {
  for (let i = 0; i < rows; i++) {
    const query = queryOf(random)
    const c = i % three.length
    model.learn(three[c]!.id, lessonOf(model, query, 0.5), qualityOf(c, query))
  }
}

const noisy = (random: () => number) => (c: number) => (random() < [0.2, 0.5, 0.8][c]! ? 1 : 0)

describe('the online model', () => {
  it('says what the estimate says until it has learned', () => {
    const estimate = estimateOf([0.3, 0.5, 0.7])
    const corrected = createOnlineModel(SHAPE).correct(queryOf(seeded(1)), three, estimate)
    expect(corrected).toEqual({ ...estimate, lessons: 0 })
  })

  it('learns how far the prediction is off, of whom it was told alone, and grows sure of it', () => {
    const model = createOnlineModel({ ...SHAPE, forgetting: 1 })
    const [random, coin] = [seeded(1), seeded(2)]
    for (let i = 0; i < 2000; i++) model.learn('model-1', lessonOf(model, queryOf(random), 0.5), coin() < 0.8 ? 1 : 0)
    const { quality, qualityStd, lessons } = model.correct(queryOf(random), three, estimateOf([0.5, 0.5, 0.5]))
    expect([quality[0], quality[2], qualityStd[0]]).toEqual([0.5, 0.5, 0.1])
    expect(Math.abs(quality[1]! - 0.8)).toBeLessThan(0.06)
    expect(qualityStd[1]).toBeLessThan(0.05)
    expect(lessons).toBe(2000)
  })

  it('keeps quality in [0, 1]', () => {
    const model = createOnlineModel(SHAPE)
    teach(model, 600, (c) => (c === 0 ? 0 : 1))
    const { quality } = model.correct(queryOf(seeded(5)), three, estimateOf([0.1, 0.9, 1]))
    expect(Math.min(...quality)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...quality)).toBeLessThanOrEqual(1)
  })

  it('follows a change, the sooner the more it forgets', () => {
    const settled = (forgetting: number) => {
      const model = createOnlineModel({ ...SHAPE, forgetting })
      teach(model, 1500, () => 0.8, seeded(1))
      teach(model, 300, () => 0.2, seeded(2))
      return model.correct(queryOf(seeded(3)), three, estimateOf([0.5, 0.5, 0.5])).quality[2]!
    }
    expect(settled(0.99)).toBeLessThan(settled(0.999))
    expect(settled(0.999)).toBeLessThan(settled(1))
    // On either side of what was predicted.
    expect(settled(0.99)).toBeLessThan(0.5)
    expect(settled(1)).toBeGreaterThan(0.5)
  })

  it('counts lessons as far as they are not forgotten, and by their weight', () => {
    const model = createOnlineModel({ ...SHAPE, forgetting: 0.9 })
    const query = queryOf(seeded(1))
    for (let i = 0; i < 3; i++) model.learn('model-0', lessonOf(model, query, 0.5), 1)
    expect(model.correct(query, three, estimateOf([0.5, 0.5, 0.5])).lessons).toBeCloseTo(1 + 0.9 + 0.81, 12)
    model.learn('model-1', lessonOf(model, query, 0.5, 0.1), 1)
    expect(model.correct(query, three, estimateOf([0.5, 0.5, 0.5])).lessons).toBeCloseTo(2.71 * 0.99 + 0.1, 12)
  })

  it('is moved by a lesson as far as its weight says', () => {
    const shift = (weight: number) => {
      const model = createOnlineModel(SHAPE)
      const query = queryOf(seeded(1))
      model.learn('model-0', lessonOf(model, query, 0.5, weight), 1)
      return model.correct(query, three, estimateOf([0.5, 0.5, 0.5])).quality[0]! - 0.5
    }
    // One row against a prior: w·s / (1 + w·s), so nearly in proportion.
    expect(shift(0.1) / shift(1)).toBeGreaterThan(0.1)
    expect(shift(0.1) / shift(1)).toBeLessThan(0.12)
  })

  it('keeps what it knows of a candidate that is not asked, until it is', () => {
    const model = createOnlineModel({ ...SHAPE, forgetting: 0.99 })
    const query = queryOf(seeded(1))
    const known = () => model.correct(query, three, estimateOf([0.5, 0.5, 0.5])).quality[0]!
    for (let i = 0; i < 300; i++) model.learn('model-0', lessonOf(model, query, 0.5), 0)
    const before = known()
    for (let i = 0; i < 1000; i++) model.learn('model-1', lessonOf(model, query, 0.5), 1)
    expect(known()).toBe(before)
    model.learn('model-0', lessonOf(model, query, 0.5), 1)
    expect(known()).toBeGreaterThan(0.5)
  })

  it('is the same to the last bit whether it was saved in between, told of others, or neither', () => {
    const teachHalf = (model: OnlineModel, half: number) => teach(model, 200, noisy(seeded(10 + half)), seeded(half))
    const through = createOnlineModel(SHAPE)
    teachHalf(through, 1)
    teachHalf(through, 2)
    const first = createOnlineModel(SHAPE)
    teachHalf(first, 1)
    const restored = createOnlineModel(SHAPE, first.save())
    teachHalf(restored, 2)
    expect(restored.save()).toEqual(through.save())
    // Bytes at an odd place of a larger buffer, as a database hands them out.
    const moved = new Uint8Array(through.save().length + 3)
    moved.set(through.save(), 3)
    const read = createOnlineModel(SHAPE, moved.subarray(3))
    for (const query of Array.from({ length: 20 }, () => queryOf(seeded(7)))) {
      const said = through.correct(query, three, estimateOf([0.3, 0.5, 0.7]))
      expect(restored.correct(query, three, estimateOf([0.3, 0.5, 0.7]))).toEqual(said)
      expect(read.correct(query, three, estimateOf([0.3, 0.5, 0.7]))).toEqual(said)
    }
  })

  it('refuses bytes, queries and lessons of another shape', () => {
    const model = createOnlineModel(SHAPE)
    teach(model, 9, () => 1)
    expect(() => createOnlineModel({ ...SHAPE, features: 4 }, model.save())).toThrow(RangeError)
    expect(() => createOnlineModel(SHAPE, model.save().slice(0, -1))).toThrow(RangeError)
    expect(() => model.encode(queryOf(seeded(1), { features: 4 }))).toThrow(RangeError)
    const lesson = lessonOf(model, queryOf(seeded(1)), 0.5)
    expect(() => model.learn('model-0', { ...lesson, features: lesson.features.slice(1) }, 1)).toThrow(RangeError)
    expect(createOnlineModel({ ...SHAPE, features: 4 }).id).not.toBe(model.id)
  })

  it('does without vectors: without an encoder, and where one had none in time', () => {
    const bare = createOnlineModel({ ...SHAPE, dim: 0 })
    const query = { ...queryOf(seeded(1)), vector: null }
    bare.learn('model-0', lessonOf(bare, query, 0.5), 1)
    expect(bare.correct(query, three, estimateOf([0.5, 0.5, 0.5])).quality[0]).toBeGreaterThan(0.5)
    expect([...createOnlineModel(SHAPE).encode(query).slice(3)].every((value) => value === 0)).toBe(true)
  })
})

/** Mean regret of the first and of the second half of a run on two kinds of queries, of which each of two candidates is good at one. */
function regretOf(
  chancesFor: (model: OnlineModel, query: Query, candidates: readonly Candidate[]) => readonly number[],
) {
  const two = candidatesOf(2)
  const model = createOnlineModel({ features: 3, dim: 16, forgetting: 1 })
  const random = seeded(11)
  const rounds = 4000
  const halves = [0, 0]
  for (let t = 0; t < rounds; t++) {
    const query = queryOf(random)
    const kind = query.features[0]! > 0 ? 1 : 0
    const truth = [kind === 0 ? 0.8 : 0.3, kind === 1 ? 0.8 : 0.3]
    const chances = chancesFor(model, query, two)
    halves[Math.floor((2 * t) / rounds)]! += (0.8 - chances[0]! * truth[0]! - chances[1]! * truth[1]!) / (rounds / 2)
    const arm = random() < chances[0]! ? 0 : 1
    model.learn(two[arm]!.id, lessonOf(model, query, 0.5), random() < truth[arm]! ? 1 : 0)
  }
  return halves as [number, number]
}

describe('the online model under a planner that explores', () => {
  const planner = squarecb.load({})
  const free: Preference = { lambda: 0, limits: {} }
  const learned = regretOf((model, query, candidates) => {
    const estimate = model.correct(query, candidates, estimateOf([0.5, 0.5]))
    return planner.plan(query, candidates, { ...estimate, costUsd: new Float64Array(2) }, free, () => 0).chances
  })
  const uniform = regretOf(() => [0.5, 0.5])

  it('loses less and less on planted kinds, where drawing evenly goes on losing', () => {
    expect(uniform.map((half) => half.toFixed(2))).toEqual(['0.25', '0.25'])
    expect(learned[0]).toBeLessThan(0.4 * uniform[0])
    expect(learned[1]).toBeLessThan(0.6 * learned[0])
  })
})
