/** What of a client's words reaches the data folder. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ask, user } from './clients.ts'
import { candidateAt, NO_ENCODER } from './config.ts'
import { settled } from './decisions.ts'
import { startGateway } from './gateway.ts'

const PROMPT = 'What is 3 * 7, said the Walrus?'
const COMMENT = 'The Carpenter agrees.'
const ANSWER = 'The answer is 21'

it.each([false, true])('prompts, answers and comments are in the log exactly when log.text is on: %s', async (text) => {
  const gateway = await startGateway({
    config: {
      providers: { demo: { kind: 'demo' } },
      candidates: [candidateAt('demo', 'math', { model: 'demo-math' })],
      encoder: NO_ENCODER,
      log: { text },
    },
  })
  try {
    for (const stream of [false, true]) {
      const { text: said, headers } = await ask('openai', gateway.url, { model: 'auto', stream, turns: [user(PROMPT)] })
      expect(said).toContain(ANSWER)
      const decision = headers.get('x-switchyard-decision')
      await settled(gateway.url, decision)
      const scored = await fetch(`${gateway.url}/v1/feedback`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ decision, value: 1, comment: COMMENT }),
      })
      expect(scored.status).toBe(201)
      expect(await scored.json()).toMatchObject({ decision, value: 1, source: 'user' })
    }
    await gateway.stop()
    const data = join(gateway.folder, '.switchyard')
    const all = readdirSync(data)
      .map((name) => readFileSync(join(data, name), 'utf8'))
      .join('')
    expect([PROMPT, ANSWER, COMMENT].filter((words) => all.includes(words))).toHaveLength(text ? 3 : 0)
  } finally {
    await gateway.discard()
  }
})
