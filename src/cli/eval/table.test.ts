import { expect, it } from 'vitest'
import type { Comparison } from '../../train/compare.ts'
import { renderShares } from './table.ts'

it('says for which of the settings a planner asks whom: most heed λ', () => {
  const reached = { quality: { value: 0.75, low: 0.7, high: 0.8 }, costUsd: 0.002, shares: [0.25, 0, 0.75] }
  const comparison = {
    candidates: ['small', 'never', 'large'],
    aims: [{ kind: 'quality' }, { kind: 'budget', share: 0.5 }],
    scores: [{ reached: [null, null] }, { reached: [reached, null] }],
  } as unknown as Comparison
  expect(renderShares('squarecb', comparison)).toBe(
    'Planner squarecb, for best quality: quality 0.7500 at $2.000 per 1,000 test queries; large 75.0 %, small 25.0 %.',
  )
})
