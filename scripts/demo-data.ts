/**
 * Makes the outcome set that the demo policy is trained on: prompts from templates, answered by the demo models and
 * graded by a check on the answer. Deterministic. Run with `npm run demo:data`; writes `models/demo/`.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { DEMO_CANDIDATES } from '../src/config/demo.ts'
import { FACTS } from '../src/simulate/demo.skills.ts'
import { DEMO_MODELS, demo } from '../src/simulate/demo.ts'

interface Task {
  readonly task: 'chat' | 'code' | 'math' | 'open'
  readonly prompt: string
  /** What a right answer contains. */
  readonly expected: RegExp
}

/** A small linear congruential generator: the data must be the same everywhere. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

const random = createRandom(7)
const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!
const integer = (low: number, high: number) => low + Math.floor(random() * (high - low + 1))

const NAMES = ['', '', ' Anna', ' Bob', ' Chen', ' Dana', ' everyone', ' my friend']
const GREETINGS = ['Hi', 'Hello', 'Hey', 'Good morning', 'Good evening']
const SMALL = ['', ' there', ', how are you?', ', nice to meet you', ', how is your day going?', '! Anything new?']
const ASKING = ['What is', 'Can you tell me', 'Please tell me', 'I forgot:', 'Quick question:', 'Do you know']
const FACT_WORDS = [
  'the capital of France',
  'the capital of Japan',
  'the capital of Italy',
  'the capital of Egypt',
  'the capital of Canada',
  'the capital of Peru',
  'the color of the sky',
  'the largest planet',
  'the closest planet to the sun',
  'the author of Hamlet',
  'the opposite of hot',
  'the chemical symbol for gold',
  'the Spanish for hello',
  'the French for thank you',
]
const LANGUAGES = ['Python', 'JavaScript', 'TypeScript', 'python', 'JS']
const JOBS: readonly (readonly [string, RegExp])[] = [
  ['reverses a string', /\[::-1\]|\.reverse\(\)/u],
  ['checks whether a word is a palindrome', /palindrome/iu],
  ['computes the factorial of n', /factorial\(n - 1\)/u],
  ['returns the n-th Fibonacci number', /fibonacci/u],
  ['tests whether a number is prime', /prime/iu],
  ['finds the greatest common divisor of two numbers', /gcd/u],
  ['removes duplicate items from a list', /fromkeys|new Set/u],
  ['counts the frequency of every word in a text', /Counter|wordCounts/u],
  ['flattens a list of lists', /flat/u],
  ['does a binary search in a sorted list', /search/iu],
]
const CODE_FORMS = [
  (language: string, job: string) => `Write a ${language} function that ${job}.`,
  (language: string, job: string) => `Implement a function in ${language} that ${job}. Add no comments.`,
  (language: string, job: string) => `I need ${language} code: a method that ${job}`,
  (language: string, job: string) =>
    `def solve(...):  # ${job}\nComplete this in ${language} and return only the code.`,
  (language: string, job: string) => `Can you show me a short ${language} script that ${job}?`,
]
const OPEN_FORMS = [
  'Explain why %s matters and what speaks against it.',
  'Compare %s with its alternatives and analyze the trade-offs.',
  'Should our company adopt %s? Argue both sides before you decide.',
  'Design a plan for introducing %s in a hospital, and name its implications.',
  'Write a careful analysis of %s: pros and cons, assumptions, open questions.',
]
const TOPICS = [
  'remote work',
  'a four-day week',
  'event sourcing',
  'nuclear power',
  'open offices',
  'universal basic income',
  'microservices',
  'vaccination campaigns',
  'a carbon tax',
  'peer review',
  'electronic voting',
  'congestion pricing',
  'feature flags',
  'zoning laws',
  'open source',
  'standardised testing',
  'a wealth tax',
  'desalination',
  'pair programming',
  'school uniforms',
  'tidal energy',
  'data retention',
  'gig work',
  'lab-grown meat',
  'space tourism',
  'mandatory voting',
  'public broadcasting',
  'rent control',
]

function mathTask(): Task {
  const [a, b, c] = [integer(2, 99), integer(2, 99), integer(2, 20)]
  const answer = (value: number) =>
    new RegExp(`answer is ${String(Number(value.toFixed(6))).replace('.', '\\.')}\\.`, 'u')
  const forms: readonly (() => Task)[] = [
    () => ({ task: 'math', prompt: `What is ${a} + ${b} * ${c}?`, expected: answer(a + b * c) }),
    () => ({ task: 'math', prompt: `Compute (${a} - ${b}) * ${c}`, expected: answer((a - b) * c) }),
    () => ({ task: 'math', prompt: `How much is ${c} percent of ${b}?`, expected: answer((c * b) / 100) }),
    () => ({
      task: 'math',
      prompt: `A shop sells ${a} boxes with ${b} pens each. How many pens are sold?`,
      expected: answer(a * b),
    }),
    () => ({
      task: 'math',
      prompt: `Mia has ${a + b} marbles and gives away ${b}. How many marbles are left?`,
      expected: answer(a),
    }),
    () => ({ task: 'math', prompt: `${a} times ${b} equals what number?`, expected: answer(a * b) }),
  ]
  return pick(forms)()
}

function chatTask(): Task {
  if (random() < 0.4)
    return { task: 'chat', prompt: `${pick(GREETINGS)}${pick(NAMES)}${pick(SMALL)}`, expected: /Hello!/u }
  const words = pick(FACT_WORDS)
  const fact = FACTS.find(([asked]) => asked.test(words))!
  return { task: 'chat', prompt: `${pick(ASKING)} ${words}?`, expected: new RegExp(`^${fact[1]}\\.`, 'u') }
}

function codeTask(): Task {
  const [job, expected] = pick(JOBS)
  return { task: 'code', prompt: pick(CODE_FORMS)(pick(LANGUAGES), job), expected }
}

function openTask(): Task {
  return { task: 'open', prompt: pick(OPEN_FORMS).replace('%s', pick(TOPICS)), expected: /^On "/u }
}

const PER_TASK = 160
const byTask = [chatTask, codeTask, mathTask, openTask].map((make) => {
  const made = new Map<string, Task>()
  for (let i = 0; i < 4000 && made.size < PER_TASK; i++) {
    const task = make()
    made.set(task.prompt, task)
  }
  return [...made.values()]
})
/** Interleaved, so that every split has its share of every task. */
const tasks = Array.from({ length: PER_TASK }, (_, i) => byTask.flatMap((list) => list[i] ?? [])).flat()

const queries: string[] = []
const outcomes = ['query_id,model,quality,cost_usd,input_tokens,output_tokens,latency_s,response_chars']
for (const [i, { task, prompt, expected }] of tasks.entries()) {
  const id = `demo.${i}`
  queries.push(JSON.stringify({ id, task, prompt, split: i % 11 < 4 ? 'test' : 'train' }))
  for (const model of DEMO_MODELS) {
    const answer = demo({
      model,
      prompt,
      chars: prompt.length,
      tools: [],
      forceTool: false,
      toolResults: [],
      json: null,
      maxOutputTokens: null,
    })
    const price = DEMO_CANDIDATES.find((candidate) => candidate.id === model)!.price!
    const cost = (answer.inputTokens * price.inputPerMTok + answer.outputTokens * price.outputPerMTok) / 1e6
    outcomes.push(
      [
        id,
        model,
        expected.test(answer.text) ? 1 : 0,
        Number(cost.toPrecision(12)),
        answer.inputTokens,
        answer.outputTokens,
        answer.latencyMs / 1000,
        answer.text.length,
      ].join(','),
    )
  }
}

const folder = new URL('../models/demo/', import.meta.url)
mkdirSync(folder, { recursive: true })
const gzip = (text: string) => gzipSync(text, { level: 9 })
writeFileSync(new URL('demo.queries.jsonl.gz', folder), gzip(`${queries.join('\n')}\n`))
writeFileSync(new URL('demo.outcomes.csv.gz', folder), gzip(`${outcomes.join('\n')}\n`))
writeFileSync(
  new URL('demo.meta.json', folder),
  `${JSON.stringify(
    {
      name: 'demo',
      title: 'Outcomes of the four demo models on templated prompts, graded by a check on the answer',
      licence: 'Apache-2.0, made by scripts/demo-data.ts',
      quality: "1 when the answer passes the template's check, else 0",
      models_usd_per_1m: Object.fromEntries(
        DEMO_CANDIDATES.map(({ id, price }) => [id, [price?.inputPerMTok, price?.outputPerMTok]]),
      ),
    },
    null,
    1,
  )}\n`,
)
const counts = Map.groupBy(tasks, ({ task }) => task)
console.log([...counts].map(([task, list]) => `${task} ${list.length}`).join(', '))
