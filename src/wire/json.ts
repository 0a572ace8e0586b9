/** Reading an upstream's JSON, where what is missing or of another type counts as empty. (`read.ts` throws instead.) */
import { type Fields, isFields } from './read.ts'

const NONE: Fields = Object.freeze({})

/** The fields of an object, none for anything else. */
export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : NONE
}

/** The elements of an array, none for anything else. */
export function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** A string, `''` for anything else. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
