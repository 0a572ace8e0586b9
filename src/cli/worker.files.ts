/** The two files that make a Worker of the package: made from the repository's own `wrangler.toml`, so that the bindings are written once. */

export interface WorkerFilesOptions {
  /** Text of the `wrangler.toml` that ships with the package. */
  readonly template: string
  /** Name of the Worker and of its database. */
  readonly name: string
  /** The JSON configuration beside the files, as an import: `./switchyard.config.json`. */
  readonly config: string
  /** What `createWorker` is imported from: the package's `switchyard/worker`, or the path of `src/worker.ts`. */
  readonly source: string
  /** Folder with encoder and embedded policy, from where the files are. */
  readonly assets: string
  /** Folder with the SQL files, from where the files are. */
  readonly migrations: string
}

/** Texts by file name. Throws RangeError when the template has no line for something that must be set. */
export function workerFiles({
  template,
  name,
  config,
  source,
  assets,
  migrations,
}: WorkerFilesOptions): Readonly<Record<'wrangler.toml' | 'worker.js', string>> {
  const settings = { name, main: 'worker.js', directory: assets, database_name: name, migrations_dir: migrations }
  const wrangler = Object.entries(settings).reduce((text, [key, value]) => set(text, key, value), template)
  const from = JSON.stringify(source)
  return {
    'wrangler.toml': wrangler,
    'worker.js': [
      `import { createWorker } from ${from}`,
      `import config from ${JSON.stringify(config)}`,
      '',
      '// The Durable Objects that wrangler.toml binds.',
      `export * from ${from}`,
      'export default createWorker({ config })',
      '',
    ].join('\n'),
  }
}

/** Replaces the first value of a key. JSON's strings are TOML's. */
function set(text: string, key: string, value: string): string {
  const line = new RegExp(`^${key} = .*$`, 'mu')
  if (!line.test(text)) throw new RangeError(`wrangler.toml has no line "${key} = …".`)
  return text.replace(line, () => `${key} = ${JSON.stringify(value)}`)
}
