/** `switchyard worker init`: the files of a Worker of one's own, and what is left to do by hand. */
import { randomBytes } from 'node:crypto'
import { access, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { environmentConfig } from '../config/environment.ts'
import { SwitchyardError } from '../errors.ts'
import { packageFolder } from '../package.node.ts'
import { print } from './output.ts'
import { workerFiles } from './worker.files.ts'

const VENDORS = { openai: 'OPENAI_API_KEY', anthropic: 'ANTHROPIC_API_KEY' } as const
type Vendor = keyof typeof VENDORS

const CONFIG = 'switchyard.config.json'

export interface InitOptions {
  /** Made if it is not there; the package is to be installed in it. */
  readonly folder: string
  readonly name: string
  /** None: the demo's models. */
  readonly vendor?: readonly Vendor[]
}

/** Writes nothing that is there already: the first file that is stops it with `invalid_request`. */
export async function init({ folder, name, vendor = [] }: InitOptions): Promise<void> {
  const installed = 'node_modules/switchyard'
  const secrets = [...vendor.map((one) => VENDORS[one]), 'SWITCHYARD_KEY']
  const config = environmentConfig(Object.fromEntries(secrets.map((secret) => [secret, 'set'])))
  const { 'wrangler.toml': wrangler, 'worker.js': worker } = workerFiles({
    template: await readFile(join(packageFolder(), 'wrangler.toml'), 'utf8'),
    name,
    config: `./${CONFIG}`,
    source: 'switchyard/worker',
    assets: `${installed}/models`,
    migrations: `${installed}/migrations`,
  })
  const files = {
    'wrangler.toml': wrangler,
    'worker.js': worker,
    [CONFIG]: `${JSON.stringify({ $schema: `./${installed}/schema/config.schema.json`, ...config }, null, 2)}\n`,
    '.dev.vars': devVars(vendor),
    '.gitignore': 'node_modules/\n.wrangler/\n.dev.vars\n',
  }
  await writeAll(resolve(folder), files)
  const at = relative(process.cwd(), resolve(folder)) || '.'
  print(
    [
      `Written to ${at}: ${Object.keys(files).join(', ')}.`,
      '',
      'Try it on this machine:',
      '  npx wrangler d1 migrations apply DB --local && npx wrangler dev',
      '',
      'Deploy it:',
      '  npx wrangler login',
      `  npx wrangler d1 create ${name}        # put the database_id that it prints into wrangler.toml`,
      '  npx wrangler d1 migrations apply DB --remote',
      ...secrets.map((secret) => `  npx wrangler secret put ${secret}`),
      '  npx wrangler deploy',
    ].join('\n'),
  )
}

/** For `wrangler dev` alone; what is deployed has secrets of its own. */
function devVars(vendor: readonly Vendor[]): string {
  const keys = vendor.map((one) => `${VENDORS[one]}=\n`)
  return `# Read by \`wrangler dev\` only.\nSWITCHYARD_KEY=sk-local-${randomBytes(12).toString('hex')}\n${keys.join('')}`
}

async function writeAll(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const name of Object.keys(files)) {
    const there = await access(join(folder, name)).then(
      () => true,
      () => false,
    )
    if (there)
      throw new SwitchyardError('invalid_request', `${join(folder, name)} is there already, and nothing was written.`)
  }
  for (const [name, text] of Object.entries(files))
    await writeFile(join(folder, name), text, { flag: 'wx', mode: name === '.dev.vars' ? 0o600 : 0o644 })
}
