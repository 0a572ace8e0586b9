/** `switchyard worker init` as a user runs it. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { newFolder, removeFolder, run } from './gateway.ts'

const folder = newFolder()
afterAll(() => removeFolder(folder))
const read = (name: string) => readFileSync(join(folder, name), 'utf8')

it('writes a folder whose configuration is valid once the secrets are there', async () => {
  const { code, output } = await run([
    'worker',
    'init',
    '--folder',
    folder,
    '--name',
    'my-gateway',
    '--vendor',
    'openai',
  ])
  expect(code).toBe(0)
  expect(readdirSync(folder).sort()).toEqual([
    '.dev.vars',
    '.gitignore',
    'switchyard.config.json',
    'worker.js',
    'wrangler.toml',
  ])
  for (const secret of ['SWITCHYARD_KEY', 'OPENAI_API_KEY']) {
    expect(output).toContain(`wrangler secret put ${secret}`)
    expect(read('.dev.vars')).toContain(`${secret}=`)
    expect(read('switchyard.config.json')).toContain(`"env": "${secret}"`)
  }
  expect(statSync(join(folder, '.dev.vars')).mode & 0o077).toBe(0)
  expect(read('.gitignore')).toContain('.dev.vars')
  expect(read('wrangler.toml')).toMatch(/^name = "my-gateway"$/mu)
  expect(read('wrangler.toml')).toMatch(/^database_name = "my-gateway"$/mu)

  expect((await run(['check'], { folder })).output).toContain('OPENAI_API_KEY')
  const env = { SWITCHYARD_KEY: 'one', OPENAI_API_KEY: 'two' }
  expect(await run(['check'], { folder, env })).toMatchObject({ code: 0 })
})

it('overwrites nothing', async () => {
  const before = read('.dev.vars')
  const { code, output } = await run(['worker', 'init', '--folder', folder])
  expect(code).toBe(2)
  expect(output).toContain('is there already')
  expect(read('.dev.vars')).toBe(before)
})
