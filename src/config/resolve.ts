/** From the file's text to what the system takes: references, catalogue, secrets. Every problem is reported. */
import type { Candidate, Upstream } from '../spec.ts'
import { type Catalogue, loadCatalogue } from './catalogue.ts'
import type { Config, ProviderSettings, RouteSettings } from './config.ts'
import { hint } from './hints.ts'
import { formatPath, type Report } from './report.ts'
import { resolveEncoder } from './resolve.encoder.ts'
import { resolveKey } from './resolve.keys.ts'
import { plannerProblems } from './resolve.planner.ts'
import { type Environment, isLoopback, modelPatterns, providerSecrets, resolveProvider } from './resolve.providers.ts'
import type { Salvaged } from './salvage.ts'
import type { CandidateFile, ConfigFile, RouteFile } from './schema.ts'

/**
 * Names that the file declares, also where the entry itself is malformed: a reference to them is not one problem more.
 */
export interface Declared {
  readonly providers: readonly string[]
  readonly candidates: readonly string[]
  readonly routes: readonly string[]
  readonly keys: number
}

export interface ResolveOptions {
  readonly declared: Declared
  /** Where the entries stood before malformed ones were taken out, for the paths of problems. */
  readonly order?: Salvaged['order']
  readonly report: Report
}

/** What this returns may be used only if `report` holds no problem afterwards. */
export async function resolveConfig(
  file: ConfigFile,
  env: Environment,
  { declared, order, report }: ResolveOptions,
): Promise<Config> {
  const { server, data, log, learning } = file
  const candidatePath = (i: number) => ['candidates', order?.candidates[i] ?? i]
  const keyPath = (i: number) => ['keys', order?.keys[i] ?? i]
  const providers = Object.entries(file.providers).map(([id, entry]) => resolveProvider(id, entry, env, report))
  const catalogue = file.candidates.every(isComplete) ? null : await loadCatalogue()
  const candidates = file.candidates.map((entry, i) =>
    resolveCandidate(entry, candidatePath(i), { file, providers, catalogue, declared, report }),
  )
  const ids = candidates.map(({ id }) => id)
  if (declared.candidates.length === 0) report.problem(['candidates'], 'at least one candidate is needed.')
  reportTwins(ids, (i) => [...candidatePath(i), 'id'], report)
  for (const id of Object.keys(file.priors.quality)) {
    if (!declared.candidates.includes(id)) {
      report.problem(['priors', 'quality', id], `no candidate has this id.${hint(id, declared.candidates)}`)
    }
  }
  if (declared.routes.length === 0) report.problem(['routes'], 'at least one route is needed.')
  const routes = Object.entries(file.routes).map(([name, entry]) => resolveRoute(name, entry, ids, declared, report))
  const keys = await Promise.all(
    file.keys.map((entry, i) => resolveKey(entry, keyPath(i), env, { routes: declared.routes, report })),
  )
  reportTwins(
    keys.map(({ principal }) => principal.name),
    (i) => [...keyPath(i), 'name'],
    report,
  )
  reportTwins(
    keys.map(({ sha256 }) => sha256 || null),
    keyPath,
    report,
  )
  if (declared.keys === 0 && !isLoopback(server.host)) {
    report.problem(
      ['server', 'host'],
      `${server.host} can be reached from other machines and no client key is configured. Add one under \`keys\`, or listen on 127.0.0.1.`,
    )
  }
  const { judge } = learning
  if (judge && !declared.candidates.includes(judge.candidate)) {
    report.problem(
      ['learning', 'judge', 'candidate'],
      `no candidate "${judge.candidate}".${hint(judge.candidate, declared.candidates)}`,
    )
  }
  if (candidates.some(({ id, price }) => id === judge?.candidate && price === null)) {
    report.problem(
      ['learning', 'judge', 'candidate'],
      `what "${judge?.candidate}" costs is not known, and without it usdPerDay cannot be held: set its price.`,
    )
  }
  if (judge && !log.text) {
    report.problem(['learning', 'judge'], 'it reads prompts and answers: set log.text to true, or take the judge out.')
  }
  if (judge && file.keys.some(({ name }) => name === 'judge')) {
    report.problem(
      ['keys'],
      'with learning.judge the name "judge" is taken by it: its own requests are logged under it.',
    )
  }
  const encoder = resolveEncoder(file.encoder, env, report)
  const patterns = modelPatterns(file.providers)
  const secrets = [
    ...providerSecrets(file.providers, env),
    ...('apiKey' in encoder && encoder.apiKey ? [encoder.apiKey] : []),
  ]
  return { server, data, providers, secrets, patterns, candidates, routes, keys, encoder, log, learning }
}

function isComplete({ price, contextWindow, maxOutput, capabilities, elsewhere }: CandidateFile): boolean {
  const known = [price, contextWindow, maxOutput, capabilities, ...elsewhere.map((one) => one.price)]
  return known.every((value) => value !== undefined)
}

interface CandidateContext {
  readonly file: ConfigFile
  readonly providers: readonly ProviderSettings[]
  readonly catalogue: Catalogue | null
  readonly declared: Declared
  readonly report: Report
}

function resolveCandidate(
  entry: CandidateFile,
  path: readonly PropertyKey[],
  { file, providers, catalogue, declared, report }: CandidateContext,
): Candidate {
  const { id, model, tags } = entry
  const provider = providers.find((one) => one.id === entry.provider)
  const facts = provider && catalogue?.(provider, model)
  if (!declared.providers.includes(entry.provider)) {
    report.problem([...path, 'provider'], `no provider "${entry.provider}".${hint(entry.provider, declared.providers)}`)
  }
  if (declared.routes.includes(id)) {
    report.problem([...path, 'id'], `"${id}" is the name of a route too; a client could not tell them apart.`)
  }
  const price = entry.price === undefined ? (facts?.price ?? null) : entry.price
  const contextWindow = entry.contextWindow ?? facts?.contextWindow
  const maxOutput = entry.maxOutput ?? facts?.maxOutput
  const capabilities = entry.capabilities ?? facts?.capabilities
  if (facts && contextWindow == null) {
    report.problem(
      [...path, 'contextWindow'],
      `the catalogue does not know model "${model}": set its context window in tokens.`,
    )
  }
  if (facts && price === null && entry.price === undefined) {
    report.warning(
      [...path, 'price'],
      `the catalogue does not know what "${model}" costs, so its costs stay unknown. Set it, or null if that is meant.`,
    )
  }
  if (facts && !capabilities) {
    report.warning(
      [...path, 'capabilities'],
      `the catalogue does not know what "${model}" can do: requests with tools, images … will not go there. Set them.`,
    )
  }
  const shared = file.priors.quality[id]
  if (shared !== undefined && entry.priors?.quality !== undefined) {
    report.problem([...path, 'priors', 'quality'], 'given here and under `priors.quality`; take one out.')
  }
  const elsewhere = resolveElsewhere(entry, path, { file, providers, catalogue, declared, report })
  const priors = { ...entry.priors, ...(shared !== undefined && { quality: shared }) }
  return {
    id,
    provider: entry.provider,
    model,
    wire: provider?.wire ?? 'openai',
    price,
    contextWindow: contextWindow ?? 0,
    ...(maxOutput != null && { maxOutput }),
    capabilities: new Set(capabilities),
    tags,
    ...(Object.keys(priors).length > 0 && { priors }),
    ...(elsewhere.length > 0 && { elsewhere }),
  }
}

function resolveElsewhere(
  { elsewhere }: CandidateFile,
  path: readonly PropertyKey[],
  { providers, catalogue, declared, report }: CandidateContext,
): Upstream[] {
  return elsewhere.map(({ provider: name, model, price }, i) => {
    const provider = providers.find((one) => one.id === name)
    if (!declared.providers.includes(name)) {
      report.problem([...path, 'elsewhere', i, 'provider'], `no provider "${name}".${hint(name, declared.providers)}`)
    }
    const known = provider && catalogue?.(provider, model)?.price
    return {
      provider: name,
      model,
      wire: provider?.wire ?? 'openai',
      price: price === undefined ? (known ?? null) : price,
    }
  })
}

function resolveRoute(
  name: string,
  file: RouteFile,
  ids: readonly string[],
  declared: Declared,
  report: Report,
): RouteSettings {
  const path = ['routes', name]
  const { preset, estimator, planner, plannerOptions = {} } = file
  if (preset !== undefined && (estimator !== undefined || planner !== undefined)) {
    report.problem(path, 'names a preset and an estimator or planner as well; keep one of the two.')
  } else if ((estimator === undefined) !== (planner === undefined)) {
    report.problem(path, 'an estimator needs a planner, and a planner an estimator.')
  }
  for (const { key, message } of plannerProblems(planner ?? 'utility', plannerOptions, ids)) {
    report.problem([...path, 'plannerOptions', key], message)
  }
  if (file.candidates !== '*') {
    file.candidates.forEach((id, i) => {
      if (declared.candidates.includes(id)) return
      report.problem([...path, 'candidates', i], `no candidate "${id}".${hint(id, declared.candidates)}`)
    })
    reportTwins(file.candidates, (i) => [...path, 'candidates', i], report)
  }
  const lambda = typeof file.lambda === 'number' ? { auto: file.lambda } : file.lambda
  const rising = [lambda.best, lambda.auto, lambda.cheap].filter((level) => level !== undefined)
  if (rising.some((level, i) => i > 0 && level < rising[i - 1]!)) {
    report.problem([...path, 'lambda'], `must rise from best over auto to cheap; it is ${rising.join(', ')}.`)
  }
  const wanted = file.candidates
  return {
    name,
    router: estimator && planner ? { estimator, planner, plannerOptions } : { preset: preset ?? 'cost-aware' },
    candidates: wanted === '*' ? ids : ids.filter((id) => wanted.includes(id)),
    lambda,
    limits: file.limits,
    exploration: file.exploration,
  }
}

/** Reports every value that an earlier one equals; `null` equals nothing. */
function reportTwins(
  values: readonly (string | null)[],
  path: (index: number) => readonly PropertyKey[],
  report: Report,
): void {
  values.forEach((value, i) => {
    const first = values.indexOf(value)
    if (value === null || first === i) return
    report.problem(path(i), `the same as ${formatPath(path(first))}.`)
  })
}
