/**
 * `switchyard bootstrap`: from nothing to a proven policy. Asks every candidate of a route a stratified sample of the user's own prompts, grades the answers, learns, and
 * says which it should be: the learned policy, a constant, or more prompts.
 */
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { openEncoder } from '../../compose/encoder.node.ts'
import { createTransports } from '../../compose/transports.node.ts'
import { candidatesOf } from '../../compose/world.ts'
import type { Config, RouteSettings } from '../../config/config.ts'
import { SwitchyardError } from '../../errors.ts'
import { createPolicyFolder } from '../../policy/folder.node.ts'
import type { Candidate } from '../../spec.ts'
import { readDataset } from '../../train/dataset.node.ts'
import { type ConfigArguments, findRoute, requireConfig } from '../config.ts'
import { logFile } from '../log.ts'
import { print, progress } from '../output.ts'
import { openAnswers } from './answers.ts'
import { createAsker } from './ask.ts'
import { collect, type Graded } from './collect.ts'
import { type GradeOptions, graderOf } from './grade.ts'
import { learnFrom } from './learn.ts'
import { type PromptSource, promptsOf, promptsOfLog } from './prompts.ts'
import { money, type Report, renderLevels, renderSummary, renderVerdict } from './report.ts'
import { sampleOf } from './sample.ts'
import { toSet } from './set.ts'

interface BootstrapArguments extends ConfigArguments {
  readonly prompts?: string
  readonly fromLog?: boolean
  readonly log?: string
  readonly budgetUsd: string
  readonly route?: string
  readonly judge?: string
  readonly estimator?: string
  readonly promptsCount?: string
  readonly concurrency: string
  readonly seed: string
  readonly out?: string
  readonly json?: boolean
}

export async function bootstrap(args: BootstrapArguments): Promise<void> {
  const { config } = await requireConfig(args)
  const folder = resolve(config.data)
  const route = findRoute(config, args.route)
  const candidates = toBeAsked(config, route)
  const budgetUsd = readPositive('--budget-usd', args.budgetUsd)
  const seed = Number(args.seed)
  const source = await sourceOf(args, folder)
  const transports = createTransports()
  const encoder = await openEncoder(config.encoder)
  const answers = await openAnswers(join(folder, 'bootstrap', `${route.name}.jsonl`))
  try {
    const asker = createAsker(config, await transports.prepare(config), {
      answers,
      concurrency: readPositive('--concurrency', args.concurrency),
    })
    const grading: GradeOptions = {
      candidates,
      asker,
      judge: judgeOf(config, candidates, args.judge),
      recorded: await recordedOf(config, candidates),
      demo: candidates.every((candidate) => kindOf(config, candidate) === 'demo'),
    }
    checkGradeable(source, grading)
    const cacheDir = join(folder, 'vectors')
    const sample = await sampleOf(source.prompts, { encoder, cacheDir, seed })
    const chosen =
      args.promptsCount === undefined ? sample : sample.slice(0, readPositive('--prompts-count', args.promptsCount))
    const before = { spentUsd: answers.spentUsd, size: answers.size }
    const bar = progress('asking')
    const { graded, exhausted } = await collect(chosen, {
      candidates,
      asker,
      answers,
      grading,
      budgetUsd,
      concurrency: readPositive('--concurrency', args.concurrency),
      onProgress: bar.update,
    }).finally(bar.stop)
    if (graded.length === 0)
      throw new SwitchyardError(
        'invalid_request',
        `USD ${budgetUsd} is too little to ask one more prompt of all candidates; USD ${money(answers.spentUsd)} of it is spent.`,
      )
    const set = toSet(graded, candidates, source.name)
    const { bytes, ...learned } = await learnFrom(set, { route, estimator: args.estimator, encoder, cacheDir, seed })
    if (args.out === undefined) await createPolicyFolder(join(folder, 'policies')).write(bytes)
    else await writeFile(args.out, bytes)
    const report: Report = {
      ...learned,
      ...commandsOf(args),
      candidates: candidates.map(({ id }) => id),
      prompts: graded.length,
      given: source.prompts.length,
      leftOut: source.leftOut,
      newAnswers: answers.size - before.size,
      newUsd: answers.spentUsd - before.spentUsd,
      spentUsd: answers.spentUsd,
      budgetUsd,
      exhausted,
      graders: gradersOf(graded, grading),
    }
    if (args.json) return print(JSON.stringify(report))
    for (const line of renderSummary(report)) print(line)
    print(renderLevels(report))
    for (const line of renderVerdict(report)) print(line)
    if (args.out !== undefined) print(`Written to ${args.out}; store it with: switchyard policies import ${args.out}`)
  } finally {
    await Promise.all([answers.close(), encoder?.close(), transports.close()])
  }
}

async function sourceOf({ prompts, fromLog, log }: BootstrapArguments, folder: string): Promise<PromptSource> {
  if (fromLog) return promptsOfLog(log ?? logFile({ data: folder }))
  if (prompts !== undefined) return promptsOf(prompts)
  throw new SwitchyardError('invalid_request', 'Whose prompts? Give --prompts FILE, or --from-log.')
}

/** Throws `invalid_request` for a route that has nothing to choose, and for what cannot be paid on a budget. */
function toBeAsked({ candidates }: Config, route: RouteSettings): Candidate[] {
  const found = candidatesOf(route, candidates)
  if (found.length < 2)
    throw new SwitchyardError('invalid_request', `Route ${route.name} has one candidate: there is nothing to choose.`)
  for (const candidate of found) requirePrice(candidate)
  return found
}

function requirePrice({ id, price }: Candidate): void {
  if (price === null)
    throw new SwitchyardError(
      'invalid_request',
      `The price of candidate ${id} is not known, and a budget cannot be kept without it: set candidates[].price.`,
    )
}

/** The judge compares with the answers of the candidate that is believed to be the best. */
function judgeOf(config: Config, candidates: readonly Candidate[], id: string | undefined): GradeOptions['judge'] {
  if (id === undefined) return null
  const candidate = config.candidates.find((one) => one.id === id)
  if (!candidate)
    throw new SwitchyardError(
      'not_found',
      `There is no candidate "${id}" to judge; there are ${config.candidates.map((one) => one.id).join(', ')}.`,
    )
  requirePrice(candidate)
  const against = candidates.reduce((best, one) =>
    (one.priors?.quality ?? 0) > (best.priors?.quality ?? 0) ? one : best,
  )
  return { candidate, against }
}

function kindOf({ providers }: Config, { provider }: Candidate) {
  return providers.find(({ id }) => id === provider)?.kind
}

/** Of candidates that all replay a data set, what it recorded. */
async function recordedOf(config: Config, candidates: readonly Candidate[]): Promise<GradeOptions['recorded']> {
  if (!candidates.every((candidate) => kindOf(config, candidate) === 'replay')) return null
  const recorded = new Map<string, Map<string, number>>()
  const data = new Set(config.providers.flatMap(({ replay }) => replay?.data ?? []))
  for (const one of data) {
    const { queries, candidates: models, quality } = await readDataset(one)
    for (const [row, { prompt }] of queries.entries()) {
      const known = recorded.get(prompt) ?? new Map<string, number>()
      recorded.set(prompt, known)
      for (const [column, { id }] of models.entries()) {
        const value = quality[row * models.length + column]!
        // A replay answers a prompt that comes twice with its first record.
        if (!known.has(id) && !Number.isNaN(value)) known.set(id, value)
      }
    }
  }
  return recorded
}

function checkGradeable({ name, prompts }: PromptSource, grading: GradeOptions): void {
  const lacking = prompts.filter((prompt) => graderOf(prompt, grading) === null).length
  if (lacking > 0)
    throw new SwitchyardError(
      'invalid_request',
      `${lacking} of the ${prompts.length} prompts of ${name} have neither "check" nor "reference", so nobody knows what a right answer is: add them, or name a model that compares answers with --judge CANDIDATE.`,
    )
}

/** How many prompts were graded by whom. */
function gradersOf(graded: readonly Graded[], grading: GradeOptions): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { prompt } of graded) {
    const name = graderOf(prompt, grading) ?? 'nobody'
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

/** What the user may type next, with the options that were given now. */
function commandsOf(args: BootstrapArguments): Pick<Report, 'command' | 'promoteWith'> {
  const { config, prompts, fromLog, log, judge, estimator } = args
  const route = args.route === 'auto' ? undefined : args.route
  const written = (options: Record<string, string | undefined>) =>
    Object.entries(options)
      .flatMap(([name, value]) => (value === undefined ? [] : [` --${name} ${value}`]))
      .join('')
  return {
    command: `switchyard bootstrap${fromLog ? ' --from-log' : ''}${written({ prompts, log, route, judge, estimator, config })}`,
    promoteWith: written({ route, config }),
  }
}

function readPositive(option: string, text: string): number {
  const value = Number(text)
  if (Number.isFinite(value) && value > 0) return value
  throw new SwitchyardError('invalid_request', `${option} must be a number above 0, not ${text}.`)
}
