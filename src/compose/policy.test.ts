import { expect, it } from 'vitest'
import { decide } from '../route/decide.ts'
import { costing, query } from '../route/fixture.ts'
import { constantPolicy } from './policy.ts'

it('the policy of the first day chooses alike for short and long requests, at any λ', () => {
  const policy = constantPolicy()
  const candidates = [costing('small', 0.0001), costing('middle', 0.001), costing('large', 0.02)]
  const chosen = (lambda: number, asked: Parameters<typeof query>[0]) => {
    const decided = decide({
      query: query(asked),
      candidates,
      policy,
      preference: { lambda, limits: {} },
      random: () => 0,
    })
    expect(decided.considered.guard.factor).toBe(0)
    return decided.candidates[decided.plan.arm]!.id
  }
  for (const lambda of [0, 5, 20, 100, 1000, 1e5]) {
    const short = chosen(lambda, { inputTokens: 1, maxOutputTokens: 1 })
    expect(chosen(lambda, { inputTokens: 7000 })).toBe(short)
  }
})
