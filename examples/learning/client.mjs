// Asks 400 times for `auto` and scores every answer, as an application would that can tell a right answer from a wrong one.
import OpenAI from 'openai'

const client = new OpenAI({ baseURL: 'http://127.0.0.1:8080/v1', apiKey: 'none' })
const good = { greetings: ['demo-chatty', 'demo-sage'], sums: ['demo-math', 'demo-sage'] }
const asked = {}
for (let n = 0; n < 400; n++) {
  const [kind, content] =
    n % 2 ? ['sums', `What is ${n} + 25 * 4?`] : ['greetings', `Hello there, how are you, number ${n}?`]
  const { response } = await client.chat.completions
    .create({ model: 'auto', messages: [{ role: 'user', content }] })
    .withResponse()
  const [decision, model] = ['x-switchyard-decision', 'x-switchyard-model'].map((name) => response.headers.get(name))
  await client.post('/feedback', { body: { decision, value: good[kind].includes(model) ? 1 : 0 } })
  const key = `${Math.floor(n / 100)}: ${kind}`
  asked[key] = { ...asked[key], [model]: (asked[key]?.[model] ?? 0) + 1 }
}
console.table(asked)
