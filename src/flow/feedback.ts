/** `POST /v1/feedback`: a score for a decision, from whoever received its id. */
import * as z from 'zod'
import { SwitchyardError } from '../errors.ts'
import type { Journal } from '../log/journal.ts'
import type { Feedback } from '../spec.ts'
import type { Learning } from './deps.ts'

const schema = z.strictObject({
  decision: z.string().min(1).max(64),
  value: z.number().min(0).max(1),
  source: z.enum(['user', 'judge', 'check', 'implicit']).default('user'),
  comment: z.string().max(2000).optional(),
})

/**
 * Records the score and says what was recorded, but for the comment. It is durable when the promise resolves, and what it makes of the decision's
 * worth is settled.
 * @throws `invalid_request` for a malformed body, `decision_not_found` for an unknown id and for another tenant's.
 */
export async function recordFeedback(
  body: unknown,
  principal: string,
  { store, learning, now }: { store: Journal; learning: Pick<Learning, 'settle'>; now: number },
): Promise<Omit<Feedback, 'comment'>> {
  const parsed = schema.safeParse(body)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const param = issue?.path.join('.') ?? ''
    throw new SwitchyardError(
      'invalid_request',
      `Feedback needs {"decision": id, "value": number from 0 to 1}: ${param ? `"${param}": ` : ''}${issue?.message ?? 'malformed body'}.`,
      param ? { param } : {},
    )
  }
  const { decision, value, source, comment } = parsed.data
  const { route } = (await ownDecision(store, decision, principal)).decision
  const feedback = { decision, principal, value, source, at: now }
  const row = { ...feedback, ...(comment !== undefined && { comment }) }
  // Where the client named the model there is nothing to be learned about routing.
  if (route === null) await store.append([{ table: 'feedback', row }])
  else await addFeedback(row, { store, learning })
  return feedback
}

/** Durable when the promise resolves, and what it makes of the decision's worth is settled. */
export async function addFeedback(
  row: Feedback,
  { store, learning }: { store: Pick<Journal, 'append'>; learning: Pick<Learning, 'settle'> },
): Promise<void> {
  await store.append([{ table: 'feedback', row }])
  await learning.settle(row.decision)
}

/** The record of a decision, provided it is `principal`'s own: a foreign id looks like one that never was. */
export async function ownDecision(store: Journal, id: string, principal: string) {
  const record = await store.decision(id)
  if (record?.decision.tenant !== principal) {
    throw new SwitchyardError(
      'decision_not_found',
      `There is no decision "${id.slice(0, 64)}". Use the id from the x-switchyard-decision header of an answer.`,
      { param: 'decision' },
    )
  }
  return record
}
