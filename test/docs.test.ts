/** What the documentation says is tried: its links, its commands, and its examples against a real gateway with the demo. */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { environmentConfig } from '../src/config/environment.ts'
import { decisions, eventually, type Settled, settled } from './decisions.ts'
import { type Gateway, newFolder, removeFolder, root, run, startGateway } from './gateway.ts'

const execute = promisify(execFile)
const read = (page: string) => readFileSync(join(root, page), 'utf8')
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`),
]

/** The code blocks of a page that are marked as one language. */
function blocks(page: string, language: string): string[] {
  return [...read(page).matchAll(/^```(\w*)\n(.*?)^```$/gmsu)].flatMap(([, mark, code]) =>
    mark === language ? [code!] : [],
  )
}

/** Code spans and lines of shell blocks: where commands stand. */
function commandsOf(page: string): string[] {
  const spans = [...read(page).matchAll(/`([^`\n]+)`/gu)].map(([, code]) => code!)
  return [...spans, ...blocks(page, 'sh').flatMap((block) => block.split('\n'))].map((line) => line.trim())
}

describe.each(PAGES)('%s', (page) => {
  it('has links that lead somewhere', () => {
    const links = [...read(page).matchAll(/\]\((?![a-z]+:)([^)#\s]*)(?:#[^)\s]*)?\)/gu)].map(([, path]) => path!)
    const broken = links.filter((path) => !existsSync(resolve(root, dirname(page), path)))
    expect(broken).toEqual([])
  })

  it('names files that are there', () => {
    const paths = [...read(page).matchAll(/`((?:src|routers|test|scripts|models|migrations|examples)\/[\w./-]*)`/gu)]
    const named = paths.map(([, path]) => path!).filter((path) => !path.includes('NAME'))
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([])
  })

  it('names npm scripts that there are', () => {
    const scripts: Record<string, string> = JSON.parse(read('package.json')).scripts
    const named = [...read(page).matchAll(/npm run ([\w:]+)/gu)].map(([, name]) => name!)
    expect(named.filter((name) => !(name in scripts))).toEqual([])
  })
})

/** Commands that have commands of their own. */
const GROUPS = new Set(['policies', 'worker'])

describe('commands', () => {
  it('tell which version they are of', async () => {
    const { version } = JSON.parse(read('package.json'))
    expect(await run(['--version'])).toMatchObject({ code: 0, output: `${version}\n` })
  })

  it('that are named are there, with the options they are given', async () => {
    const called = PAGES.flatMap(commandsOf).flatMap((line) => {
      const words =
        /^(?:npm run )?switchyard(?: --)? (.+)$/u.exec(line)?.[1] ?? /^npm run ((?:replay|eval).*)$/u.exec(line)?.[1]
      return words === undefined || words === 'COMMAND' ? [] : [words.split(/\s+/u)]
    })
    const listed = [...section('README.md', 'Commands').matchAll(/^\| `(\w+)` +\|/gmu)].map(([, name]) => [name!])
    const calls = [...called, ...listed]
    expect(calls.length).toBeGreaterThan(10)
    const helps = new Map<string, string>()
    for (const [command, subcommand] of calls) {
      const names = GROUPS.has(command!) && subcommand !== undefined ? [command!, subcommand] : [command!]
      const { code, output } = helps.has(names.join(' ')) ? { code: 0, output: '' } : await run([...names, '--help'])
      expect(code, `${names.join(' ')} --help`).toBe(0)
      // Help for an unknown name is the help of what stands above it.
      if (output) {
        expect(output).toContain(`Usage: switchyard ${names.join(' ')} `)
        helps.set(names.join(' '), output)
      }
    }
    const unknown = calls.flatMap((words) => {
      const help = helps.get(words.slice(0, GROUPS.has(words[0]!) ? 2 : 1).join(' ')) ?? ''
      return words.filter((word) => word.startsWith('--') && word.length > 2 && !help.includes(`${word} `))
    })
    expect(unknown).toEqual([])
  })
})

describe('the README', () => {
  let gateway: Gateway
  let folder: string
  const here = (text: string) => text.replaceAll('http://127.0.0.1:8080', gateway.url)
  const shell = async (command: string) => (await execute('bash', ['-c', here(command)])).stdout

  beforeAll(async () => {
    // What a start without a file gives, with time for the encoder: a busy machine must not cost a query its vector.
    gateway = await startGateway({ config: { ...environmentConfig({}), encoder: { timeoutMs: 10_000 } } })
    folder = newFolder()
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    blocks('README.md', 'ts').forEach((code, i) => {
      writeFileSync(join(folder, `example${i}.ts`), here(code))
    })
  })
  afterAll(async () => {
    await gateway?.discard()
    if (folder) removeFolder(folder)
  })

  it('says where its queries go', async () => {
    const [first = ''] = blocks('README.md', 'sh').filter((block) => block.includes('curl -i'))
    const said = [...first.matchAll(/^# (demo-\w+).*\n((?:.*\\\n)*.*)$/gmu)]
    expect(said.map(([, model]) => model)).toEqual(['demo-chatty', 'demo-coder', 'demo-math'])
    for (const [, model, command] of said) {
      const answer = await shell(command!)
      expect(answer).toMatch(/^HTTP\/1.1 200/u)
      expect(answer).toContain(`x-switchyard-model: ${model}\r\n`)
    }
    const example = first.slice(first.lastIndexOf('curl'))
    const shown = blocks('README.md', '').find((block) => block.startsWith('HTTP/1.1')) ?? ''
    const answer = await shell(example)
    for (const header of shown.split('\n').slice(0, shown.split('\n').indexOf(''))) {
      expect(answer).toContain(header.replaceAll(/[0-9A-Z]{26}/gu, decisionIn(answer)))
    }
    expect(answer).toContain('The answer is 117.')
  })

  it('explains and scores a decision as printed', async () => {
    const asked = blocks('README.md', 'sh').find((block) => block.includes('curl -i')) ?? ''
    const id = decisionIn(await shell(asked.slice(asked.lastIndexOf('curl'))))
    const [explain, score] = (blocks('README.md', 'sh').find((block) => block.includes('/v1/feedback')) ?? '')
      .replaceAll('ID', id)
      .split('\n\n')
    expect(JSON.parse(await shell(score!))).toMatchObject({ decision: id, value: 1 })
    expect(JSON.parse(await shell(explain!))).toMatchObject({ id, feedback: [{ value: 1 }] })
  })

  it('has examples that compile', async () => {
    const config = { extends: join(root, 'tsconfig.json'), include: ['*.ts'] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    const tsc = join(root, 'node_modules/.bin/tsc')
    const { stdout } = await execute(tsc, ['-p', folder]).catch((failed: { stdout: string }) => failed)
    expect(stdout).toBe('')
  })

  it.each([
    ['OpenAI', 0, 'demo-math', 'The answer is 117.'],
    ['Anthropic', 1, 'demo-coder', 'def reverse'],
  ])('has an example for %s that runs', async (_, index, model, text) => {
    const { stdout } = await execute(process.execPath, [join(folder, `example${index}.ts`)])
    expect(stdout).toContain(model)
    expect(stdout).toContain(text)
  })

  it('has a configuration that is valid', async () => {
    const [text = ''] = blocks('README.md', 'json')
    const env = { OPENAI_API_KEY: 'none', ANTHROPIC_API_KEY: 'none' }
    const { code, output, folder: used } = await run(['check'], { config: JSON.parse(text), env })
    removeFolder(used)
    expect(output).not.toContain('warning')
    expect(code).toBe(0)
  })

  it('is joined by docs/routing.md, whose example the demo still gives', async () => {
    const [, prompt] = /An example from the demo, `([^`]+)`/u.exec(read('docs/routing.md')) ?? []
    const rows = [...read('docs/routing.md').matchAll(/^\| (demo-\w+) +\| ([\d.]+) +\| ([\d.]+) +\| ([\d.]+) +\|$/gmu)]
    expect(rows).toHaveLength(4)
    const { candidates } = await decide(gateway.url, 'auto', prompt!)
    for (const [, candidate, quality, costUsd, utility] of rows) {
      const predicted = candidates.find((one) => one.candidate === candidate)!
      // Another processor may round a vector otherwise.
      expect(Math.abs(predicted.quality! - Number(quality))).toBeLessThan(0.01)
      expect(Math.abs(predicted.utility! - Number(utility))).toBeLessThan(0.01)
      expect(predicted.costUsd! / Number(costUsd)).toBeCloseTo(1, 1)
    }
    for (const [model, chosen] of [
      ['auto:30', 'demo-sage'],
      ['auto:35', 'demo-math'],
      ['auto:best', 'demo-sage'],
    ] as const) {
      expect((await decide(gateway.url, model, prompt!)).decision.candidate).toBe(chosen)
    }
  })

  it('is joined by docs/privacy.md, whose statements delete what they say', async () => {
    const id = (await decide(gateway.url, 'auto', 'Something to be forgotten.')).id
    const score = { method: 'POST', body: JSON.stringify({ decision: id, value: 0 }) }
    expect((await fetch(`${gateway.url}/v1/feedback`, score)).status).toBe(201)
    // What earlier tests asked must not be written after the deletion.
    await eventually(
      async () => (await decisions(gateway.url)).every(({ outcome }) => outcome !== null) || null,
      'every decision has its outcome',
    )
    const [sql = ''] = blocks('docs/privacy.md', 'sql')
    const log = new Database(join(gateway.folder, '.switchyard/switchyard.sqlite'))
    const left = () =>
      ['decisions', 'attempts', 'outcomes', 'feedback', 'embeddings'].map(
        (table) => log.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number,
      )
    const before = left()
    log.exec(sql.replace("'NAME'", "'somebody else'"))
    expect(left()).toEqual(before)
    log.exec(`DROP TABLE temp.gone; ${sql.replace("'NAME'", "'anonymous'")}`)
    expect(before.every((count) => count > 0)).toBe(true)
    expect(left()).toEqual([0, 0, 0, 0, 0])
    log.close()
  })
})

/** The part of a page below a heading of the second level. */
function section(page: string, heading: string): string {
  return read(page).split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
}

function decisionIn(answer: string): string {
  return /x-switchyard-decision: (\w+)/u.exec(answer)?.[1] ?? ''
}

/** The finished decision about a prompt. */
async function decide(url: string, model: string, prompt: string): Promise<Settled> {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: prompt }] })
  const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', body })
  await response.text()
  return settled(url, response.headers.get('x-switchyard-decision'))
}
