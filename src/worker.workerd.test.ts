/** The whole Worker, inside the runtime that it is deployed to. */
import { exports } from 'cloudflare:workers'
import { expect, it } from 'vitest'

const ask = (prompt: string) =>
  exports.default.fetch('https://gateway.test/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: prompt }] }),
  })

it('answers, routed by the embedded policy', async () => {
  const response = await ask('What is 17 + 25 * 4?')
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({ choices: [{ message: { content: expect.stringContaining('117') } }] })
  expect(response.headers.get('x-switchyard-decision')).toMatch(/^[0-9A-Z]{26}$/)
})
