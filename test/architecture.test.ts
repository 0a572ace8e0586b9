/** The import directions of the design, enforced. A new import that breaks one is printed with the rule it breaks. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '..')

/** Which rooms, or single files and folders of a room, each room may import from, besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  spec: [],
  errors: ['spec'],
  bytes: [],
  day: [],
  fnv1a: [],
  nearest: [],
  'package.node': [],
  vendorErrors: ['errors'],
  config: ['spec', 'errors', 'bytes', 'nearest'],
  admit: ['spec', 'errors', 'bytes', 'day'],
  wire: ['spec', 'errors', 'fnv1a', 'vendorErrors'],
  embed: ['spec', 'errors', 'bytes', 'fnv1a'],
  route: ['spec', 'errors', 'nearest'],
  call: ['spec', 'errors', 'bytes', 'vendorErrors'],
  log: ['spec', 'errors', 'day', 'package.node'],
  state: ['spec', 'errors', 'day', 'admit', 'call'],
  policy: ['spec', 'errors', 'bytes'],
  learn: ['spec', 'errors', 'day'],
  judge: ['spec', 'errors'],
  simulate: ['spec', 'errors'],
  routers: ['spec'],
  train: ['spec', 'errors', 'fnv1a', 'log', 'policy', 'route', 'embed', 'learn', 'routers/normal', 'routers/cascade'],
  flow: ['spec', 'errors', 'day', 'admit', 'wire', 'embed', 'route', 'call', 'log', 'policy', 'learn'],
  app: ['spec', 'errors', 'admit', 'wire', 'route', 'flow'],
}
/** Composition roots: the only files that know a runtime, and the only ones that may import everything. */
const ROOTS = ['src/node.ts', 'src/worker.ts', 'src/cli.ts', 'src/cli/', 'src/compose/']
const MAY_USE_NODE = /^src\/cli\/|\.node\.ts$|^src\/(node|cli)\.ts$/u
const NATIVE = /^(node:|better-sqlite3|onnxruntime-node|undici|@hono\/node-server|cli-progress|commander)/u
/** What only the Workers runtime has: the Worker's root alone may know it. */
const WORKERS = /^cloudflare:|\.wasm$/u
/** Ways to ask at run time which runtime this is. */
const RUNTIME_CHECK =
  /typeof (process|window|Deno|Bun|WebSocketPair|navigator|importScripts)\b|process\.versions|navigator\.userAgent|\b(Deno|Bun|EdgeRuntime)\.|globalThis\.(process|Deno|Bun|navigator)/u

interface Import {
  readonly file: string
  readonly line: number
  readonly target: string
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !/\.test\.ts$/u.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
}

function importsOf(file: string): Import[] {
  const pattern =
    /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)import\s+['"]([^'"]+)['"]/gu
  const text = readFileSync(join(root, file), 'utf8')
  return [...text.matchAll(pattern)].map((match) => ({
    file,
    line: text.slice(0, match.index).split('\n').length + 1,
    target: match[1] ?? match[2] ?? match[3] ?? '',
  }))
}

/** The room a file stands in: `src/wire/sse.ts` → `wire`, `src/app.ts` → `app`, `routers/index.ts` → `routers`. */
function roomOf(file: string): string {
  const [top, second = ''] = file.split('/')
  return top === 'routers' ? 'routers' : second.replace(/\.ts$/u, '')
}

const isRoot = (file: string) => ROOTS.some((name) => file === name || (name.endsWith('/') && file.startsWith(name)))

function violations(files: readonly string[]): string[] {
  return files.flatMap((file) =>
    importsOf(file).flatMap(({ line, target }) => {
      const where = `${file}:${line} imports ${target}`
      if (WORKERS.test(target) && file !== 'src/worker.ts') return [`${where}: only src/worker.ts knows Workers`]
      if (!target.startsWith('.')) {
        return NATIVE.test(target) && !MAY_USE_NODE.test(file)
          ? [`${where}: node:* and native packages belong in *.node.ts and the roots`]
          : []
      }
      const imported = relative(root, resolve(root, dirname(file), target))
      if (isRoot(file) || !/^(src|routers)\//u.test(imported)) return []
      const [from, to] = [roomOf(file), roomOf(imported)]
      if (from === to) return []
      const allowed = MAY_IMPORT[from]
      if (!allowed) return [`${where}: the room "${from}" is not in the design; give it a place in MAY_IMPORT`]
      if (isRoot(imported)) return [`${where}: nothing imports a composition root`]
      return allowed.includes(to) || allowed.some((one) => imported === `${one}.ts` || imported.startsWith(`${one}/`))
        ? []
        : [`${where}: ${from} may import only ${allowed.join(', ') || 'nothing'}`]
    }),
  )
}

describe('architecture', () => {
  const files = [...sources('src'), ...sources('routers')]

  it('imports go one way', () => {
    expect(files.length).toBeGreaterThan(30)
    expect(violations(files)).toEqual([])
  })

  it('no imports go round in a circle, not even of types', () => {
    const waiting = new Map(
      files.map((file) => [
        file,
        importsOf(file).flatMap(({ target }) =>
          target.startsWith('.') ? [relative(root, resolve(root, dirname(file), target))] : [],
        ),
      ]),
    )
    for (let before = -1; before !== waiting.size; ) {
      before = waiting.size
      for (const [file, targets] of waiting) if (!targets.some((one) => waiting.has(one))) waiting.delete(file)
    }
    expect([...waiting.keys()]).toEqual([])
  })

  it('no file asks which runtime it runs in', () => {
    const offenders = files.filter((file) => RUNTIME_CHECK.test(readFileSync(join(root, file), 'utf8')))
    expect(offenders).toEqual([])
    expect("if (typeof process !== 'undefined')").toMatch(RUNTIME_CHECK)
  })

  it('contract tests are imported by tests only', () => {
    const contract = /contract\.ts$/u
    const offenders = files.filter(
      (file) => !contract.test(file) && importsOf(file).some(({ target }) => contract.test(target)),
    )
    expect(offenders).toEqual([])
  })

  it('nothing holds mutable state at module level', () => {
    const offenders = files.filter(
      (file) => !isRoot(file) && /^(export )?(let|var)\s/mu.test(readFileSync(join(root, file), 'utf8')),
    )
    expect(offenders).toEqual([])
  })

  it('sees what it forbids', () => {
    expect(importsOf('src/errors.ts')).toEqual([])
    expect(importsOf('test/architecture.test.ts').map(({ target }) => target)).toContain('vitest')
    expect(roomOf('src/wire/sse.ts')).toBe('wire')
  })
})
