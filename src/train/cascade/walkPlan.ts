/** A plan that judges answers, walked on recorded ones. */
import { MAX_STEPS } from '../../../routers/cascade/cascadeRouting.ts'
import type { Cascade, Plan, StepAnswer } from '../../spec.ts'

export interface Walked {
  /** Arms in the order in which they were asked. */
  readonly asked: readonly number[]
  /** Whose answer is returned. */
  readonly answer: number
}

/** Whom a cascade asks and whose answer it returns: as the gateway runs it where nobody fails and no limit is reached. */
export function walkPlan(plan: Plan & Cascade, answerOf: (arm: number) => Omit<StepAnswer, 'arm'>): Walked {
  const answers: StepAnswer[] = []
  let open = [plan.arm, ...plan.alternates]
  for (let arm = plan.arm; ; ) {
    answers.push({ ...answerOf(arm), arm })
    open = answers.length < MAX_STEPS ? open.filter((one) => one !== arm) : []
    const verdict = plan.judge(answers, open)
    if (verdict.kind === 'accept') return { asked: answers.map((one) => one.arm), answer: verdict.arm }
    arm = verdict.arm
  }
}
