import { expect, it } from 'vitest'
import { parsePrompts } from './prompts.ts'

it('reads texts, prompts, conversations and the lines of an outcome set', () => {
  const lines = [
    '"Hello"',
    '{"prompt": "2 + 2?", "id": 7, "reference": 4}',
    '',
    '{"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}], "check": {"json": true}, "task": "chat"}',
    '{"prompt": "Hello", "split": "test"}',
  ]
  expect(parsePrompts(lines.join('\n'), 'my.jsonl')).toEqual([
    { id: '1', task: '', messages: [{ role: 'user', content: 'Hello' }] },
    { id: '7', task: '', reference: '4', messages: [{ role: 'user', content: '2 + 2?' }] },
    {
      id: '4',
      task: 'chat',
      check: { json: true },
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
      ],
    },
  ])
})

it.each([
  ['{', 'line 2 is not JSON'],
  ['{"text": "Hi"}', 'line 2 is no prompt'],
  ['{"prompt": "Hi", "check": {"about": "right"}}', 'line 2 is no prompt'],
  ['{"prompt": "Hi", "check": {"regex": "("}}', 'the check\'s "regex" is none'],
  ['{"messages": [{"role": "assistant", "content": "Hi"}]}', 'the last message must be the user'],
])('names the line that is wrong: %s', (line, message) => {
  expect(() => parsePrompts(`"fine"\n${line}`, 'my.jsonl')).toThrow(message)
})
