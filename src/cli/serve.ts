/** `switchyard serve`. */

import { needsRestart } from '../config/config.ts'
import { watchConfig } from '../config/watch.node.ts'
import { createConsole, describeError } from '../log/console.ts'
import { type Gateway, startGateway } from '../node.ts'
import { type ConfigArguments, describeProblems, type LoadedConfig, loadOptions, requireConfig } from './config.ts'
import { print } from './output.ts'

export async function serve(args: ConfigArguments): Promise<void> {
  const loaded = await requireConfig(args)
  // Those of an earlier configuration stay: requests that began with it may still fail.
  const secrets = new Set(loaded.config.secrets)
  const logger = createConsole((line) => process.stderr.write(line), {
    level: 'info',
    pretty: process.stderr.isTTY === true,
    now: Date.now,
    secrets: () => secrets,
  })
  for (const warning of loaded.warnings) logger.warn('config_warning', { path: warning.path, reason: warning.message })
  const gateway = await startGateway({ config: loaded.config, cwd: process.cwd(), logger })

  const stopWatching = await watchConfig(loadOptions(args), (next) => {
    if ('problems' in next) {
      logger.error('config_refused', { reason: describeProblems(next.problems, next.source) })
      return
    }
    for (const secret of next.config.secrets) secrets.add(secret)
    const restart = needsRestart(gateway.config, next.config)
    if (restart.length > 0) logger.warn('config_needs_restart', { path: restart.join(', ') })
    gateway.reload(next.config).then(
      () => logger.info('config_reloaded', { file: next.source ?? 'environment' }),
      (error: unknown) => logger.error('config_refused', describeError(error)),
    )
  })

  let ending = false
  const end = async (signal: NodeJS.Signals) => {
    // Whoever asks twice does not want to wait.
    if (ending) process.exit(130)
    ending = true
    logger.info('draining', { signal })
    stopWatching()
    await gateway.close()
    process.exit(0)
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
  // Last, because whoever waits for this line may send a signal at once.
  print(banner(gateway, loaded))
}

function banner({ url, config }: Gateway, { source }: LoadedConfig): string {
  const demo = source === null && config.providers.every(({ kind }) => kind === 'demo')
  const routes = config.routes.map(({ name, candidates }) => `  ${name}: ${candidates.join(', ')}`)
  return [
    `Switchyard is listening on ${url}`,
    `Configuration: ${source ?? (demo ? 'none, and no OPENAI_API_KEY or ANTHROPIC_API_KEY: the demo models answer' : 'from the environment')}`,
    'Routes:',
    ...routes,
    `OpenAI clients: base URL ${url}/v1 · Anthropic clients: base URL ${url} · model "auto", "auto:best" or "auto:cheap"`,
    ...(demo
      ? [
          '',
          'Three queries, three models (the "link" header of each answer leads to its explanation):',
          ...examples(url),
        ]
      : []),
  ].join('\n')
}

function examples(url: string): string[] {
  const ask = (prompt: string) =>
    `  curl -i ${url}/v1/chat/completions -H 'content-type: application/json' -d '${JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: prompt }] })}'`
  return [
    ask('Hello there, how are you?'),
    ask('Write a Python function that reverses a string.'),
    ask('What is 17 + 25 * 4?'),
  ]
}
