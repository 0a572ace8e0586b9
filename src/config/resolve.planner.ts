/** A planner's options: what it needs must be there, and what another planner needs must not. */
import { hint } from './hints.ts'
import type { PlannerName, PlannerOptions } from './schema.ts'

type Option = keyof PlannerOptions

interface Takes {
  readonly needs: readonly Option[]
  readonly may?: readonly Option[]
}

const TAKES: Readonly<Record<PlannerName, Takes>> = {
  utility: { needs: [] },
  budget: { needs: ['usdPerThousand'] },
  threshold: { needs: ['strong', 'weak', 'share'] },
  hedge: { needs: ['chance'] },
  balance: { needs: ['quotas'] },
  'category-map': { needs: ['usdPerThousand'] },
  squarecb: { needs: [], may: ['gamma'] },
  'epsilon-greedy': { needs: ['epsilon'] },
  cascade: { needs: [], may: ['maxSteps', 'maxLatencyMs'] },
}

export interface PlannerProblem {
  readonly key: Option
  readonly message: string
}

/** What is wrong with the options; `candidates` are the ids they may name, where those are known. */
export function plannerProblems(
  planner: PlannerName,
  options: PlannerOptions,
  candidates?: readonly string[],
): PlannerProblem[] {
  const { needs, may = [] } = TAKES[planner]
  const given = Object.keys(options) as Option[]
  const named = (key: Option, id: string) =>
    !candidates || candidates.includes(id) ? [] : [{ key, message: `no candidate "${id}".${hint(id, candidates)}` }]
  const { strong, weak, quotas = {} } = options
  return [
    ...needs
      .filter((key) => !given.includes(key))
      .map((key) => ({ key, message: `the planner "${planner}" needs it.` })),
    ...given
      .filter((key) => !needs.includes(key) && !may.includes(key))
      .map((key) => ({
        key,
        message: `means nothing to the planner "${planner}"; take it out, or name the planner it is for.`,
      })),
    ...(strong === undefined ? [] : named('strong', strong)),
    ...(weak === undefined ? [] : named('weak', weak)),
    ...(strong !== undefined && strong === weak ? [{ key: 'weak' as const, message: 'the same as `strong`.' }] : []),
    ...Object.keys(quotas).flatMap((id) => named('quotas', id)),
  ]
}
