/**
 * Ways to write the same request otherwise: what a person, a template or a client changes without meaning anything by it. Each is a pure function of
 * the text and of `random`, and leaves code and numbers as they are. By rule, not by a language model: the same everywhere, and nothing that
 * would have to be checked for its meaning. The kinds are those of the robustness track of RouterArena (arXiv 2510.00202).
 */
import { replaceInProse, WORD } from './prose.ts'

export interface Perturbation {
  readonly name: string
  /** `random` is uniform in [0, 1). A text to which no rule applies comes back as it is. */
  apply(text: string, random: () => number): string
}

/** Share of the blanks and line ends that get one more blank. */
const BLANK_RATE = 0.2
/** Share of the words that get a typo. */
const TYPO_RATE = 0.08
/** In shorter words a typo makes another word. */
const TYPO_MIN_LETTERS = 4

/** Pairs that mean the same either way round. */
const EITHER_WAY: readonly (readonly [string, string])[] = [
  ['do not', "don't"],
  ['does not', "doesn't"],
  ['did not', "didn't"],
  ['is not', "isn't"],
  ['are not', "aren't"],
  ['cannot', "can't"],
  ['will not', "won't"],
  ['calculate', 'compute'],
  ['choose', 'select'],
  ['often', 'frequently'],
  ['almost', 'nearly'],
  ['maybe', 'perhaps'],
]
/** The second may mean something else than the first: replaced from left to right alone. */
const ONE_WAY: readonly (readonly [string, string])[] = [
  ['I am a', "I'm a"],
  ['you are a', "you're a"],
  ['what is the', "what's the"],
  ['there is a', "there's a"],
  ['begin', 'start'],
  ['quickly', 'rapidly'],
  ['difficult', 'hard'],
  ['approximately', 'roughly'],
]
const REWORDED = new Map([...EITHER_WAY, ...EITHER_WAY.map(([a, b]) => [b, a] as const), ...ONE_WAY])
const PHRASE = new RegExp(`(?<![\\p{L}\\p{N}_'’])(?:${[...REWORDED.keys()].join('|')})(?![\\p{L}\\p{N}_'’(])`, 'giu')

/** How a request begins, and how it begins as well. */
const OPENINGS: readonly { readonly begins: RegExp; readonly reword: (start: string) => string }[] = [
  { begins: /^please [a-z](?=[a-z])/giu, reword: (start) => start.at(-1)!.toUpperCase() },
  {
    begins: /^(?:write|answer|explain|describe|find|solve|give|list|create|complete|summarize|translate)(?= )/giu,
    reword: (start) => `Please ${start.toLowerCase()}`,
  },
  {
    begins: /^(?:what|which|who|whose|when|where|why|how)(?= )/giu,
    reword: (start) => `Can you tell me this: ${start.toLowerCase()}`,
  },
]

const PREFIXES = [
  'Hi there!\n\n',
  'Hello, I have a request.\n\n',
  'Good morning.\n\n',
  'Message 1 of 1:\n\n',
  'From: Anna\nTo: assistant\n\n',
  'Here it is: ',
] as const
const SUFFIXES = [
  '\n\nThanks in advance!',
  '\n\nThank you.',
  '\n\nSent from my phone',
  '\n\n--\nAnna',
  ' Take your time.',
  '\n\n(end of message)',
] as const

export const perturbations: readonly Perturbation[] = [
  { name: 'case', apply: changeCase },
  { name: 'whitespace', apply: addBlanks },
  { name: 'typos', apply: (text, random) => replaceInProse(text, WORD, (word) => mistype(word, random)) },
  { name: 'paraphrase', apply: reword },
  { name: 'prefix', apply: (text, random) => `${oneOf(PREFIXES, random)}${text}` },
  { name: 'suffix', apply: (text, random) => `${text}${oneOf(SUFFIXES, random)}` },
]

/** The whole prose in small letters or in capitals. Single letters stay: they name options and variables. */
function changeCase(text: string, random: () => number): string {
  const small = random() < 0.5
  return replaceInProse(text, WORD, (word) => {
    if (word.length === 1) return word
    return small ? word.toLowerCase() : word.toUpperCase()
  })
}

/** One more blank within a line or at its end; what a line begins with stays. */
function addBlanks(text: string, random: () => number): string {
  return replaceInProse(text, /(?<=\S)(?:\n| (?=\S))/gu, (blank) => (random() < BLANK_RATE ? ` ${blank}` : blank))
}

/** Two inner letters swapped, one left out, or one twice. */
function mistype(word: string, random: () => number): string {
  if (random() >= TYPO_RATE || word.length < TYPO_MIN_LETTERS || !/^[A-Za-z]+$/u.test(word)) return word
  const at = 1 + Math.floor(random() * (word.length - 2))
  const kind = random()
  if (kind < 1 / 3) return word.slice(0, at) + word[at + 1]! + word[at]! + word.slice(at + 2)
  return kind < 2 / 3 ? word.slice(0, at) + word.slice(at + 1) : word.slice(0, at + 1) + word.slice(at)
}

function reword(text: string): string {
  const reworded = replaceInProse(text, PHRASE, (phrase) => {
    const other = REWORDED.get(phrase) ?? REWORDED.get(phrase.toLowerCase()) ?? phrase
    return /^[A-Z]/u.test(phrase) ? other.charAt(0).toUpperCase() + other.slice(1) : other
  })
  const opening = OPENINGS.find(({ begins }) => reworded.search(begins) === 0)
  return opening === undefined ? reworded : replaceInProse(reworded, opening.begins, opening.reword)
}

function oneOf<T>(items: readonly T[], random: () => number): T {
  return items[Math.floor(random() * items.length)]!
}
