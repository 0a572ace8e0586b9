/** Grades by rule: what a right answer is, is known beforehand. */
import type { Check, Prompt } from './prompts.ts'

/** 1 for a right answer, 0 for another; `null`: the prompt says nothing of what is right. A check counts before a reference. */
export function gradeByRule({ check, reference }: Pick<Prompt, 'check' | 'reference'>, answer: string): 0 | 1 | null {
  if (check !== undefined) return passes(check, answer) ? 1 : 0
  if (reference !== undefined) return matches(reference, answer) ? 1 : 0
  return null
}

/**
 * - `contains`: the text, or all of the texts, occur in the answer; case and spaces do not matter.
 * - `equals`: the answer or what it names as its result is this text, see `matches`.
 * - `regex`: it is found in the answer (JavaScript, flag `u`).
 * - `number`: the result is this number, within `tolerance`.
 * - `choice`: the letter that is chosen.
 * - `json`: the answer is JSON, alone or in a code block; with names, an object that has them.
 */
function passes(check: Check, answer: string): boolean {
  if ('contains' in check) {
    const text = plain(answer)
    return [check.contains].flat().every((part) => text.includes(plain(part)))
  }
  if ('equals' in check) return isText(check.equals, answer)
  if ('regex' in check) return new RegExp(check.regex, 'u').test(answer)
  if ('number' in check) return isNumber(check.number, answer, check.tolerance ?? 0)
  if ('choice' in check) return choiceIn(answer) === check.choice.toUpperCase()
  const json = jsonIn(answer)
  if (json === undefined) return false
  if (check.json === true) return true
  return check.json.every((name) => typeof json === 'object' && json !== null && Object.hasOwn(json, name))
}

/** A reference is a number, a letter to choose, or a text. */
function matches(reference: string, answer: string): boolean {
  const number = numbersIn(reference)
  if (number.length === 1 && /^[\s$€£]*-?[\d.,]+\s*%?\s*$/u.test(reference)) return isNumber(number[0]!, answer, 0)
  if (/^\s*\(?[A-Z]\)?[.)]?\s*$/u.test(reference)) return choiceIn(answer) === /[A-Z]/u.exec(reference)?.[0]
  return isText(reference, answer)
}

/** As SQuAD compares answers (Rajpurkar et al. 2016): case, punctuation, articles and spaces do not matter. */
function normal(text: string): string {
  return plain(text.toLowerCase().replace(/[^\p{L}\p{N}\s.+-]|\.(?!\d)/gu, ' ')).replace(/\b(?:a|an|the) /gu, '')
}

function plain(text: string): string {
  return text.toLowerCase().replace(/\s+/gu, ' ').trim()
}

/** Where an answer names its result: after "answer is" or "answer:", in a \boxed{}, in bold, in its last line; else it is all of it. */
function resultsOf(answer: string): string[] {
  const lines = answer.split('\n').filter((line) => line.trim() !== '')
  const named = [...answer.matchAll(/\b(?:answer|result)(?: is|:|\s*=)\s*(.+)/giu)].at(-1)?.[1]
  const marked = [...answer.matchAll(/\\boxed\{([^{}]*)\}|\*\*([^*]+)\*\*|####\s*(.+)/gu)].at(-1)
  return [named, marked?.slice(1).find((one) => one !== undefined), lines.at(-1), answer].filter(
    (one) => one !== undefined,
  )
}

function isText(expected: string, answer: string): boolean {
  return resultsOf(answer).some((result) => normal(result) === normal(expected))
}

/** Room for the rounding of decimal fractions. */
const ROUNDING = 1e-9

function isNumber(expected: number, answer: string, tolerance: number): boolean {
  const [named] = resultsOf(answer).filter((result) => numbersIn(result).length > 0)
  // What is named as the result begins with it; where nothing is, the last number is the result.
  const numbers = named === undefined ? [] : numbersIn(named)
  const found = named === answer || numbers.length === 1 ? numbers.at(-1) : numbers[0]
  return found !== undefined && Math.abs(found - expected) <= tolerance + ROUNDING * Math.abs(expected)
}

function numbersIn(text: string): number[] {
  const written = text.match(/(?<![\p{L}\d.])-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|(?<![\p{L}\d.])-?\d+(?:\.\d+)?/gu) ?? []
  return written.map((one) => Number(one.replaceAll(',', '')))
}

/** The letter that an answer chooses: after "answer", alone in what it names, at its beginning, or the last one in parentheses. */
function choiceIn(answer: string): string | null {
  const text = answer.trim().replace(/\*\*/gu, '')
  const found =
    [...text.matchAll(/\b(?:answer|choice|option)(?: is|:)?\s*\(?([A-Z])\b\)?/gu)].at(-1)?.[1] ??
    /^\(?([A-Za-z])(?:[).:]|$)/u.exec(text)?.[1] ??
    /\\boxed\{\(?([A-Z])\)?\}/u.exec(text)?.[1] ??
    [...text.matchAll(/\(([A-Z])\)/gu)].at(-1)?.[1] ??
    /(?:^|\n)\s*([A-Z])[.)]?\s*$/u.exec(text)?.[1]
  return found?.toUpperCase() ?? null
}

function jsonIn(answer: string): unknown {
  const block = /```(?:json)?\s*\n([\s\S]*?)```/u.exec(answer)?.[1]
  for (const text of [answer, block]) {
    try {
      if (text !== undefined) return JSON.parse(text)
    } catch {}
  }
  return undefined
}
