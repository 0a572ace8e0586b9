import { expect, it } from 'vitest'
import {
  benefitPerCostLift,
  carrotRisk,
  costSave,
  gainOver,
  gapToOracle,
  headroomShare,
  perfGain,
  qnc,
  tep,
} from './ratios.ts'

const best = { costUsd: 4, quality: 0.8 }
const points = [
  { costUsd: 1, quality: 0.6 },
  { costUsd: 3, quality: 0.8 },
  { costUsd: 5, quality: 0.84 },
]

it('compares a policy with the best single model', () => {
  expect(qnc(points, best)).toBeCloseTo(3 / 4)
  expect(qnc(points, best, 0.6)).toBeCloseTo(1 / 4)
  expect(costSave(points, best)).toBeCloseTo(1 / 4)
  // 0.84 / 0.8.
  expect(perfGain(points, best)).toBeCloseTo(0.05)
})

it('is infinite on the bad side where the quality is never reached, and undefined where nothing has a price', () => {
  expect(qnc(points, { costUsd: 4, quality: 0.9 })).toBe(Number.POSITIVE_INFINITY)
  expect(costSave(points, { costUsd: 4, quality: 0.9 })).toBe(Number.NEGATIVE_INFINITY)
  expect(qnc(points, { costUsd: 0, quality: 0.5 })).toBeNaN()
})

it('reproduces published ratios', () => {
  // LLMRouterBench: Avengers 71.94 is Gain@B +6.7 % over about 67.4, and Gap@O to 91.64.
  expect(gainOver(71.94, 67.4)).toBeCloseTo(0.067, 3)
  expect(gapToOracle(71.94, 91.64)).toBeCloseTo(0.215, 3)
  // Avengers-Pro beside GPT-5-medium (62.25 at $47.96): 66.66 is +7 %, 62.66 at $35.05 saves 27 %.
  const gpt5 = { costUsd: 47.96, quality: 62.25 }
  const avengersPro = [
    { costUsd: 47.13, quality: 66.66 },
    { costUsd: 35.05, quality: 62.66 },
    { costUsd: 17.81, quality: 56.24 },
  ]
  expect(perfGain(avengersPro, gpt5)).toBeCloseTo(0.07, 2)
  expect(costSave(avengersPro, gpt5)).toBeCloseTo(0.27, 2)
})

it('measures gains by what an oracle gains', () => {
  expect(headroomShare(0.65, 0.6, 0.8)).toBeCloseTo(0.25)
  expect(headroomShare(0.55, 0.6, 0.8)).toBeCloseTo(-0.25)
  expect(headroomShare(0.6, 0.6, 0.6)).toBeNaN()
})

it('weighs cost against error', () => {
  // 0.25 · 2 + 0.75 · 0.4.
  expect(carrotRisk({ costUsd: 2, quality: 0.6 }, 0.25)).toBeCloseTo(0.8)
})

it('measures benefit per cost beside that of the strong model', () => {
  const [weak, strong] = [
    { costUsd: 1, quality: 0.5 },
    { costUsd: 11, quality: 0.9 },
  ]
  // 0.3 / 5 = 0.06 beside 0.4 / 10 = 0.04: half as much again.
  expect(benefitPerCostLift({ costUsd: 6, quality: 0.8 }, weak, strong)).toBeCloseTo(0.5)
  expect(benefitPerCostLift(strong, weak, strong)).toBeCloseTo(0)
  expect(benefitPerCostLift(weak, weak, strong)).toBeNaN()
  expect(benefitPerCostLift(strong, weak, weak)).toBeNaN()
})

it('tells the elasticity of performance together with its two changes', () => {
  // +10 % performance for +40 % tokens.
  expect(tep({ performance: 0.66, tokens: 1400 }, { performance: 0.6, tokens: 1000 }).tep).toBeCloseTo(0.25)
  const cheaper = tep({ performance: 0.66, tokens: 800 }, { performance: 0.6, tokens: 1000 })
  expect(cheaper.tep).toBeCloseTo(-0.5)
  expect(cheaper.performanceChange).toBeCloseTo(0.1)
  expect(cheaper.tokenChange).toBeCloseTo(-0.2)
  expect(tep({ performance: 0.7, tokens: 1000 }, { performance: 0.6, tokens: 1000 }).tep).toBeNaN()
})
