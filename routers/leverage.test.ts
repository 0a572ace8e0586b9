import { describe, expect, it } from 'vitest'
import { seeded } from './fixtures.ts'
import { fitLeverage, leverageOf, trainingCloseness } from './leverage.ts'
import { spectrum } from './spectrum.ts'
import { supportOf, supportReference } from './support.ts'

/** Rows of independent values, row-major [n, width]; value j has the scale 0.98^j, as the directions of sentence vectors do. */
function rowsOf(n: number, width: number, random: () => number): Float64Array {
  return Float64Array.from({ length: n * width }, (_, at) => 0.98 ** (at % width) * (random() + random() - 1))
}

describe('leverage', () => {
  it('is 1/n + x′(X′X + penalty)⁻¹x', () => {
    // Two rows along the axes: X′X = diag(4, 1).
    const x = Float64Array.of(2, 0, 0, 1)
    const leverage = fitLeverage(spectrum(x, 2, 2), 2, 1)
    expect(leverageOf(leverage, Float64Array.of(1, 3))).toBeCloseTo(1 / 2 + 1 / 5 + 9 / 2, 6)
  })

  it('knows queries like its own where there are more directions than it keeps and the fit follows every row exactly', () => {
    const [n, width, random] = [300, 400, seeded(1)]
    const x = rowsOf(n, width, random)
    const leverage = fitLeverage(spectrum(x, n, width), n, 1e-4)
    const reference = supportReference(trainingCloseness(leverage, x, width))
    const fresh = rowsOf(100, width, random)
    const supports = Array.from({ length: 100 }, (_, i) =>
      supportOf(-leverageOf(leverage, fresh.subarray(i * width, (i + 1) * width)), reference),
    )
    expect(supports.reduce((sum, support) => sum + support, 0) / 100).toBeGreaterThan(0.7)
    // The directions that hardly vary, as if they varied most.
    const strange = fresh.subarray(0, width).toReversed()
    expect(supportOf(-leverageOf(leverage, strange), reference)).toBe(0)
  })
})
