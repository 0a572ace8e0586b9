/** Grades answers of the demo models without any judge: what is right, the scripts know. */
import { DEMO_MODELS, type DemoModel, know, label } from './demo.ts'

const ALL_ROUNDER: DemoModel = 'demo-sage'

/** 1 where a demo model answered as the all-rounder's skills have it, 0 for the evasion of one that has none for the prompt. */
export function checkDemo(prompt: string, answer: string): 0 | 1 {
  const right = know(ALL_ROUNDER, prompt)
  return right !== null && DEMO_MODELS.some((model) => answer === `${right}\n\n${label(model)}`) ? 1 : 0
}
