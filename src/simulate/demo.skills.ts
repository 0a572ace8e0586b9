/** What the demo models know: a few functions, arithmetic, a few facts, small talk. */

interface Snippet {
  readonly words: RegExp
  readonly python: string
  readonly javascript: string
}

const SNIPPETS: readonly Snippet[] = [
  {
    words: /revers/iu,
    python: 'def reverse(text):\n    return text[::-1]',
    javascript: 'const reverse = (text) => [...text].reverse().join("")',
  },
  {
    words: /palindrom/iu,
    python: 'def is_palindrome(text):\n    return text == text[::-1]',
    javascript: 'const isPalindrome = (text) => text === [...text].reverse().join("")',
  },
  {
    words: /factorial/iu,
    python: 'def factorial(n):\n    return 1 if n < 2 else n * factorial(n - 1)',
    javascript: 'const factorial = (n) => (n < 2 ? 1 : n * factorial(n - 1))',
  },
  {
    words: /fibonacci/iu,
    python: 'def fibonacci(n):\n    a, b = 0, 1\n    for _ in range(n):\n        a, b = b, a + b\n    return a',
    javascript: 'const fibonacci = (n) => { let [a, b] = [0, 1]; while (n--) [a, b] = [b, a + b]; return a }',
  },
  {
    words: /prime/iu,
    python: 'def is_prime(n):\n    return n > 1 and all(n % d for d in range(2, int(n ** 0.5) + 1))',
    javascript:
      'const isPrime = (n) => { for (let d = 2; d * d <= n; d++) if (n % d === 0) return false; return n > 1 }',
  },
  {
    words: /greatest common|gcd/iu,
    python: 'def gcd(a, b):\n    while b:\n        a, b = b, a % b\n    return a',
    javascript: 'const gcd = (a, b) => (b ? gcd(b, a % b) : a)',
  },
  {
    words: /duplicate|unique/iu,
    python: 'def unique(items):\n    return list(dict.fromkeys(items))',
    javascript: 'const unique = (items) => [...new Set(items)]',
  },
  {
    words: /count.*words?|word.*count|frequenc/iu,
    python: 'from collections import Counter\n\ndef word_counts(text):\n    return Counter(text.split())',
    javascript:
      'const wordCounts = (text) => text.split(/\\s+/).reduce((c, w) => ({ ...c, [w]: (c[w] ?? 0) + 1 }), {})',
  },
  {
    words: /flatten/iu,
    python: 'def flatten(lists):\n    return [item for inner in lists for item in inner]',
    javascript: 'const flatten = (lists) => lists.flat()',
  },
  {
    words: /binary search/iu,
    python:
      'def binary_search(items, x):\n    lo, hi = 0, len(items)\n    while lo < hi:\n        mid = (lo + hi) // 2\n        if items[mid] < x: lo = mid + 1\n        else: hi = mid\n    return lo if lo < len(items) and items[lo] == x else -1',
    javascript:
      'const binarySearch = (items, x) => { let lo = 0, hi = items.length; while (lo < hi) { const mid = (lo + hi) >> 1; if (items[mid] < x) lo = mid + 1; else hi = mid } return items[lo] === x ? lo : -1 }',
  },
]

/** Code for the functions it knows, a skeleton for others; `null` when the prompt does not ask for code. */
export function codeFor(prompt: string): string | null {
  if (
    !/\b(function|code|python|javascript|typescript|implement|script|method|program|regex|sql|class|bug)\b/iu.test(
      prompt,
    )
  )
    return null
  const language = /javascript|typescript|\bjs\b|\bts\b/iu.test(prompt) ? 'javascript' : 'python'
  const snippet = SNIPPETS.find(({ words }) => words.test(prompt))
  const code =
    snippet?.[language] ??
    (language === 'python' ? 'def solve(value):\n    return value' : 'const solve = (value) => value')
  return `\`\`\`${language}\n${code}\n\`\`\``
}

/** The value of the first arithmetic expression or simple word problem in the prompt; `null` when there is none. */
export function arithmetic(prompt: string): string | null {
  const words = prompt
    .replace(/\b(plus|added to)\b/giu, '+')
    .replace(/\b(minus|less)\b/giu, '-')
    .replace(/\b(times|multiplied by)\b|(?<=\d\s?)[x×](?=\s?\d)/giu, '*')
    .replace(/\bdivided by\b|÷/giu, '/')
  const percent = /(\d+(?:\.\d+)?)\s?(?:%|percent) of (\d+(?:\.\d+)?)/iu.exec(words)
  if (percent) return `The answer is ${round((Number(percent[1]) * Number(percent[2])) / 100)}.`
  const expression = /[\d(][\d\s.+\-*/()]*[+\-*/][\d\s.+\-*/()]*[\d)]/u.exec(words)?.[0]
  const value = expression === undefined ? null : evaluate(expression)
  if (value !== null) return `The answer is ${round(value)}.`
  const numbers = (prompt.match(/\d+(?:\.\d+)?/gu) ?? []).map(Number)
  const [a, b] = numbers
  if (a === undefined || b === undefined || !/\bhow (many|much|far|long)\b/iu.test(prompt)) return null
  if (/\b(each|per|every)\b/iu.test(prompt)) return `The answer is ${round(a * b)}.`
  if (/\b(left|remain|gives? away|lose|eats?|spends?)\b/iu.test(prompt)) return `The answer is ${round(a - b)}.`
  return `The answer is ${round(numbers.reduce((sum, n) => sum + n, 0))}.`
}

const round = (value: number) => Number(value.toFixed(6))

/** Recursive descent over + - * / and parentheses; `null` on anything else. */
export function evaluate(expression: string): number | null {
  const tokens = expression.match(/\d+(?:\.\d+)?|[+\-*/()]/gu) ?? []
  let at = 0
  const factor = (): number => {
    const token = tokens[at++]
    if (token === '-') return -factor()
    if (token === '(') {
      const value = sum()
      return tokens[at++] === ')' ? value : Number.NaN
    }
    return Number(token)
  }
  const product = (): number => {
    let value = factor()
    while (tokens[at] === '*' || tokens[at] === '/') value = tokens[at++] === '*' ? value * factor() : value / factor()
    return value
  }
  const sum = (): number => {
    let value = product()
    while (tokens[at] === '+' || tokens[at] === '-')
      value = tokens[at++] === '+' ? value + product() : value - product()
    return value
  }
  const value = sum()
  return at === tokens.length && Number.isFinite(value) ? value : null
}

export const FACTS: readonly (readonly [RegExp, string])[] = [
  [/capital of france/iu, 'Paris'],
  [/capital of japan/iu, 'Tokyo'],
  [/capital of italy/iu, 'Rome'],
  [/capital of egypt/iu, 'Cairo'],
  [/capital of canada/iu, 'Ottawa'],
  [/capital of peru/iu, 'Lima'],
  [/colou?r is the sky|sky blue|colou?r of the sky/iu, 'Blue'],
  [/days (are )?in a week/iu, 'Seven'],
  [/largest planet/iu, 'Jupiter'],
  [/closest planet to the sun|planet closest to the sun/iu, 'Mercury'],
  [/wrote hamlet|author of hamlet/iu, 'William Shakespeare'],
  [/opposite of hot/iu, 'Cold'],
  [/legs (does )?(a |an )?spider/iu, 'Eight'],
  [/chemical symbol for gold|symbol of gold/iu, 'Au'],
  [/"?hello"? in spanish|spanish for hello/iu, 'Hola'],
  [/"?thank you"? in french|french for thank you/iu, 'Merci'],
]

export function factFor(prompt: string): string | null {
  const fact = FACTS.find(([asked]) => asked.test(prompt))
  return fact ? `${fact[1]}.` : null
}

export function smallTalkFor(prompt: string): string | null {
  if (/\b(thanks|thank you)\b(?! in)/iu.test(prompt)) return 'You are welcome!'
  if (/\b(hi|hello|hey|good (morning|evening)|how are you|nice to meet)\b(?!"? in)/iu.test(prompt))
    return 'Hello! How can I help?'
  if (/\b(joke|bored|tell me something fun)\b/iu.test(prompt))
    return 'Why did the router cross the road? The other side was cheaper.'
  return null
}
