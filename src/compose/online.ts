/** The model that learns for a route: how far each candidate does better or worse than predicted, on average. */
import type { OnlineModel } from '../spec.ts'

export interface OnlineSettings {
  readonly candidates: readonly string[]
  readonly dim: number
  readonly forgetting: number
}

export function modelOf({ candidates }: OnlineSettings, saved?: Uint8Array): OnlineModel {
  const state = saved ? new Float64Array(Uint8Array.from(saved).buffer) : new Float64Array(2 * candidates.length)
  return {
    id: `mean ${candidates.join()}`,
    encode: () => Float64Array.of(1),
    correct: (_query, asked, estimate) => ({
      ...estimate,
      lessons: state.reduce((sum, n, i) => sum + (i % 2 ? n : 0), 0),
      quality: estimate.quality.map((q, m) => {
        const i = candidates.indexOf(asked[m]!.id)
        return Math.min(1, Math.max(0, q + state[2 * i]! / (1 + state[2 * i + 1]!)))
      }),
    }),
    learn(candidate, lesson, quality) {
      const i = candidates.indexOf(candidate)
      state[2 * i]! += lesson.weight * (quality - lesson.predicted)
      state[2 * i + 1]! += lesson.weight
    },
    save: () => new Uint8Array(state.slice().buffer),
  }
}
