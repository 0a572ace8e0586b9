import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { Tokenizer } from '@huggingface/tokenizers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createUnigramTokenizer } from './unigram.ts'

const FILE = JSON.parse(readFileSync('models/use-lite/tokenizer.json', 'utf8'))
const DATA = ['fusionbench', 'routellm', 'routerbench_rdc', 'routerdc7'].map(
  (name) => `../shared/data/${name}.queries.jsonl.gz`,
)

const own = createUnigramTokenizer(FILE)
const reference = new Tokenizer(FILE, {})

function expectSameIds(text: string): void {
  expect([...own.encode(text)], JSON.stringify(text)).toEqual(reference.encode(text).ids)
}

describe('createUnigramTokenizer', () => {
  it.each([
    '',
    ' ',
    '   leading and   inner blanks ',
    'a\nb\tc\r\n',
    '▁',
    '▁already marked',
    'naïve café, ﬁne ½ ① Ⅷ ｆｕｌｌ',
    '你好，世界。',
    'emoji 👩‍👩‍👧 in 🧪 text',
    'lone \ud800 surrogate \udc00',
    '<s> </s> extra_token_id_1',
    '________________',
    'def f(x):\n    return x ** 2  # square',
    'Ünïcödé x\u0301 and \u00a0nbsp',
  ])('gives the ids of the reference library for %j', expectSameIds)

  it('gives them for 1,000 generated texts of words, code, numbers and scripts', () => {
    const word = fc.constantFrom(
      ...'the of question answer return function(x) A. B) 3.14 2024 == {} [] http:// naïve 世界 привет मैं 👍 ... --- \n \t ▁ ﬁ Hello'.split(
        ' ',
      ),
    )
    const piece = fc.oneof(word, fc.string({ unit: 'binary', maxLength: 6 }), fc.string({ maxLength: 12 }))
    const text = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(' '))
    fc.assert(fc.property(text, expectSameIds), { numRuns: 1000 })
  })

  it.skipIf(!DATA.every((path) => existsSync(path)))('gives them for 1,000 prompts of public benchmarks', () => {
    for (const path of DATA) {
      const lines = gunzipSync(readFileSync(path)).toString().trim().split('\n')
      for (let i = 0; i < 250; i++) {
        const { prompt } = JSON.parse(lines[Math.floor((i * lines.length) / 250)]!)
        expectSameIds(prompt.slice(-2000))
      }
    }
  })

  it('prefers the longer last piece when two splits have the same score, like the reference', () => {
    const vocab = [...'?▁ab', '▁a', 'ab'].map((piece) => [piece, -[...piece].length])
    const tied = { ...FILE, model: { type: 'Unigram', unk_id: 0, vocab } }
    expect([...createUnigramTokenizer(tied).encode('ab')]).toEqual([1, 5])
    expect(new Tokenizer(tied, {}).encode('ab').ids).toEqual([1, 5])
  })

  it('refuses a tokenizer that asks for other steps', () => {
    expect(() => createUnigramTokenizer({ ...FILE, normalizer: { type: 'Lowercase' } })).toThrow(
      /normalizer must be NFKC/,
    )
    expect(() => createUnigramTokenizer({ ...FILE, post_processor: { type: 'TemplateProcessing' } })).toThrow(
      /post_processor/,
    )
    expect(() => createUnigramTokenizer(null)).toThrow(/not a plain/)
  })
})
