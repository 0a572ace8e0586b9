/** What of a client's words reaches the data folder, in whatever runtime. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, user } from '../clients.ts'
import { candidateAt, NO_ENCODER } from '../config.ts'
import { settled } from '../decisions.ts'
import type { Serving, Start } from './start.ts'

const PROMPT = 'What is 3 * 7, said the Walrus?'
const COMMENT = 'The Carpenter agrees.'
const ANSWER = 'The answer is 21'

export function describePrivacy(name: string, start: Start): void {
  describe.each([false, true])(`${name}, log.text: %s`, (text) => {
    let gateway: Serving
    beforeAll(async () => {
      gateway = await start({
        config: {
          providers: { demo: { kind: 'demo' } },
          candidates: [candidateAt('demo', 'math', { model: 'demo-math' })],
          encoder: NO_ENCODER,
          log: { text },
        },
      })
    })
    afterAll(() => gateway.discard())

    it(`${text ? 'keeps' : 'does not keep'} prompts, answers and comments`, async () => {
      for (const stream of [false, true]) {
        const asked = ask('openai', gateway.url, { model: 'auto', stream, turns: [user(PROMPT)] })
        const { text: said, headers } = await asked
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
      const files = readdirSync(gateway.data, { recursive: true, withFileTypes: true })
      const all = files
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'))
        .join('')
      expect(all.length).toBeGreaterThan(0)
      expect([PROMPT, ANSWER, COMMENT].filter((words) => all.includes(words))).toHaveLength(text ? 3 : 0)
    })
  })
}
