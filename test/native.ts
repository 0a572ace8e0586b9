/** Node's side of the comparison of encoders: a service that tests inside the Workers runtime can ask. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { Turn } from '../src/spec.ts'

const TEXTS = 200

/** What tokenizers and models stumble over, beside the demo's own queries. */
const ODD: readonly string[] = [
  '',
  ' ',
  '\n\n\t\n',
  '?',
  'a',
  '0',
  '________________',
  '今天天气怎么样？',
  '用一句话解释什么是傅里叶变换，并举一个例子。',
  '日本の首都はどこですか。理由も教えてください。',
  '한국어로 짧은 시를 써 주세요.',
  'Какая сегодня погода в Москве?',
  'ما هي عاصمة فرنسا؟',
  'हिन्दी में एक कहानी सुनाओ',
  'Qu’est-ce qu’une œuvre ? Ça dépend où l’on est né.',
  '😀😀😀 what does 👩‍👩‍👧‍👦 mean? 🏳️‍🌈',
  'half of a pair: \ud83d, and the other: \ude00',
  'ﬁne ﬂow, ①②③, ｆｕｌｌｗｉｄｔｈ, ℌ, ½',
  'e\u0301 and é, o\u0308 and ö',
  'nul \u0000 bell \u0007 zero\u200bwidth \ufeff mark',
  'function f(a, b) {\n  return a.map((x, i) => x * b[i]).reduce((s, x) => s + x, 0)\n}\nWhy is this NaN?',
  'SELECT u.id, COUNT(*) FROM users u LEFT JOIN orders o ON o.user_id = u.id GROUP BY 1 HAVING COUNT(*) > 3;',
  '{"a":[1,2,{"b":null}],"c":"\\u00e9"}',
  '#include <stdio.h>\nint main(void) { for (int i = 0; i < 10; i++) printf("%d\\n", i * i); return 0; }',
  'def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\n\nMake it linear.',
  '$$\\int_0^\\infty e^{-x^2}\\,dx = \\frac{\\sqrt{\\pi}}{2}$$ Prove it.',
  '1234567890 '.repeat(40),
  'word '.repeat(2000),
  '天'.repeat(2000),
  `Summarise this:\n${'The committee met again and decided nothing of note. '.repeat(60)}\nIn one sentence.`,
  'WHY ARE YOU SHOUTING AT ME!!!',
  'Which one is a prime?\nA. 21\nB. 51\nC. 91\nD. 97',
  'https://example.com/a/b?c=d&e=%20f#g what is at this address?',
  'supercalifragilisticexpialidocious'.repeat(10),
]

/** Answers `{ texts, vectors }`, the vectors by the native encoder in the order of the texts. The encoder is opened for each question, so that a run that asks none pays nothing. */
export async function serveNativeVectors(): Promise<Response> {
  const source = (path: string) => import(new URL(path, import.meta.url).href)
  const { createOnnxEncoder }: typeof import('../src/embed/onnx.node.ts') = await source('../src/embed/onnx.node.ts')
  const { windowText }: typeof import('../src/embed/window.ts') = await source('../src/embed/window.ts')
  const file = (path: string) => new URL(path, new URL('../models/', import.meta.url)).pathname
  const demo = gunzipSync(readFileSync(file('demo/demo.queries.jsonl.gz'))).toString()
  const prompts = demo
    .trim()
    .split('\n')
    .map((line): string => JSON.parse(line).prompt)
  const turn = (text: string): Turn => ({ role: 'user', text })
  const texts = [...ODD, ...prompts.slice(0, TEXTS - ODD.length)].map((text) => windowText([turn(text)]))
  const encoder = await createOnnxEncoder({ dir: file('use-lite'), provider: 'cpu', threads: 1 })
  try {
    const vectors = (await encoder.embed(texts)).map((vector) => Array.from(vector))
    return Response.json({ texts, vectors })
  } finally {
    await encoder.close()
  }
}
