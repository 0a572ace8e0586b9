/** A number for people: four significant digits, as every reason and explanation shows them. */
export function round(value: number): number {
  return Number(value.toPrecision(4))
}
