/** Execution providers of onnxruntime-node on this machine: which there may be, and why one cannot. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { listSupportedBackends } from 'onnxruntime-node'
import { SwitchyardError } from '../errors.ts'

/** Best first. onnxruntime ignores a name that it does not know, so names are checked here. */
export const PROVIDERS = ['cuda', 'coreml', 'webgpu', 'dml', 'cpu'] as const
export type Provider = (typeof PROVIDERS)[number]

/** Throws `unsupported`. */
export function providerOf(name: string): Provider {
  const provider = PROVIDERS.find((known) => known === name)
  if (provider !== undefined) return provider
  throw new SwitchyardError(
    'unsupported',
    `Execution provider '${name}' is not known; choose one of ${PROVIDERS.join(', ')}.`,
  )
}

/** Known without opening a session, which is slow to fail and writes lines of its own to stderr. */
export function whyMissing(provider: Provider): string | null {
  const backend = listSupportedBackends().find(({ name }) => name === provider)
  if (backend === undefined)
    return `onnxruntime-node has no ${provider} provider on ${process.platform}-${process.arch}`
  const main = createRequire(import.meta.url).resolve('onnxruntime-node')
  const binaries = join(dirname(main), '..', 'bin', 'napi-v6', process.platform, process.arch)
  if (provider === 'cuda' && !backend.bundled && !existsSync(join(binaries, 'libonnxruntime_providers_cuda.so'))) {
    return 'libonnxruntime_providers_cuda.so is not beside the libraries of onnxruntime-node: docs/performance.md says where it comes from'
  }
  return null
}

/** Why no GPU need be looked for. */
export function whyHopeless(): string | null {
  if (process.platform !== 'linux' || readdirSync('/dev').some((name) => /^(dri|nvidia\d+|kfd|dxg)$/.test(name)))
    return null
  return 'there is no GPU device in /dev (dri, nvidia*, kfd, dxg)'
}

/** The device behind a provider by its name, where that can be told. */
export function deviceOf(provider: Provider): string | null {
  if (provider !== 'cuda' && provider !== 'webgpu') return null
  const folder = '/proc/driver/nvidia/gpus'
  const [first] = existsSync(folder) ? readdirSync(folder) : []
  const facts = first === undefined ? '' : readFileSync(join(folder, first, 'information'), 'utf8')
  return /^Model:\s*(.+)$/m.exec(facts)?.[1] ?? null
}
