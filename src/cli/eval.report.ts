export function renderReport(_ran: unknown, _c: unknown): string {
  return ''
}
