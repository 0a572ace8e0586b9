/**
 * A model scores a share of the routed answers. Its requests take the same way as a client's, so that they are logged, priced, retried and held to a daily budget
 * like any other, as those of a principal of its own; and what is judged is what the log keeps, when it has it, so that no answer waits and no failure is a client's.
 */
import { ulid } from 'ulid'
import type { Principal } from '../admit/keys.ts'
import type { Config } from '../config/config.ts'
import { isAllText } from '../embed/features.ts'
import { type ErrorCode, SwitchyardError, toSwitchyardError } from '../errors.ts'
import { answer } from '../flow/answer.ts'
import type { Deps } from '../flow/deps.ts'
import { addFeedback } from '../flow/feedback.ts'
import { pointwisePrompt, readScore } from '../judge/pointwise.ts'
import { type Console, describeError } from '../log/console.ts'
import type { Journal } from '../log/journal.ts'
import { applyRetention } from '../log/privacy.ts'
import type { Outcome, Store } from '../spec.ts'
import { dialects } from '../wire/index.ts'

/** The judge's name in the log, as that of a key. */
const JUDGE = 'judge'
/** Answers judged at once; while there are so many, others go unjudged. */
const MAX_UNDER_WAY = 4
/** Its money is spent, or others need the place: as it should be. */
const EXPECTED: ReadonlySet<ErrorCode> = new Set(['budget_exceeded', 'rate_limited', 'overloaded'])

export interface JudgingParts {
  readonly store: Pick<Store, 'decision'>
  readonly config: () => Pick<Config, 'learning'>
  /** What answers the judge's own requests. */
  readonly deps: () => Deps
  /** Uniform in [0, 1). */
  readonly random: () => number
  readonly logger: Console
  /** Lets work go on after the request that began it. */
  readonly keepAlive: (work: Promise<unknown>) => void
}

/** The same journal; some of the answers that are written to it are judged. */
export function withJudge(journal: Journal, parts: JudgingParts): Journal {
  const { config, random, logger, keepAlive } = parts
  /** Of what the judge is asked and says no text is kept: it is that of others, which could not be deleted with their rows. */
  const own: Journal = {
    ...journal,
    append: (rows, options) =>
      journal.append(
        rows.map((entry) => applyRetention(entry, { text: false })),
        options,
      ),
  }
  let underWay = 0

  function consider(outcome: Outcome, stored: Promise<void>): void {
    const { judge } = config().learning
    if (judge === undefined || !isJudgeable(outcome)) return
    if (underWay >= MAX_UNDER_WAY || random() >= judge.share) return
    underWay++
    const judgeIt = () =>
      judgeAnswer(outcome.decision, outcome.answer, judge, { ...parts, own }).catch((thrown: unknown) => {
        const error = toSwitchyardError(thrown)
        logger[EXPECTED.has(error.code) ? 'debug' : 'warn']('answer_not_judged', {
          decision: outcome.decision,
          ...describeError(error),
        })
      })
    // An outcome that is not stored is somebody else's to report.
    const work = stored
      .then(judgeIt, () => {})
      .finally(() => {
        underWay--
      })
    keepAlive(work)
  }

  return {
    ...journal,
    async append(rows, options) {
      const stored = journal.append(rows, options)
      for (const entry of rows) if (entry.table === 'outcomes') consider(entry.row, stored)
      await stored
    },
  }
}

/** Of an answer that calls tools the text is not all, and none is kept of what it calls them with. */
function isJudgeable(outcome: Outcome): outcome is Outcome & { readonly answer: string } {
  const { status, answer = '', finish } = outcome
  return status === 'ok' && answer !== '' && finish?.unified !== 'tool_calls'
}

async function judgeAnswer(
  id: string,
  text: string,
  { candidate, usdPerDay }: NonNullable<Config['learning']['judge']>,
  { store, deps, own }: JudgingParts & { readonly own: Journal },
): Promise<void> {
  const record = await store.decision(id)
  if (deps().draining() || record === null || record.decision.route === null) return
  const { query } = record.decision
  if (query.text === undefined || !isAllText(query.text, query)) return
  const principal: Principal = {
    name: JUDGE,
    lambda: {},
    models: true,
    exploration: false,
    admin: false,
    usdPerDay,
  }
  const messages = [{ role: 'user', content: pointwisePrompt({ prompt: query.text, answer: text }) }]
  const response = await answer({ ...deps(), store: own }, dialects.openai, {
    request: new Request('http://judge.local/v1/chat/completions', {
      method: 'POST',
      body: JSON.stringify({ model: candidate, messages }),
    }),
    headers: {},
    principal,
    requestId: `req_${ulid()}`,
  })
  const body = new Uint8Array(await response.arrayBuffer())
  if (!response.ok) throw new SwitchyardError('upstream_error', `The judge answered with status ${response.status}.`)
  const value = readScore(dialects.openai.decodeReply(body).text)
  if (value === null) throw new SwitchyardError('upstream_malformed', 'The judge gave no score from 1 to 10.')
  const { clock, store: log, learning } = deps()
  await addFeedback(
    { decision: id, principal: JUDGE, value, source: 'judge', at: clock.now() },
    { store: log, learning },
  )
}
