/** Reloads the configuration when its file changes or the process gets SIGHUP. */
import { watch } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Loaded, type LoadOptions, loadConfig, readConfig } from './load.node.ts'

export interface WatchOptions {
  /** Editors write in several steps; a change counts after this much silence. */
  readonly debounceMs: number
}

/**
 * Calls `onLoad` with every newly loaded configuration, good or bad; the caller keeps the old one when it is bad.
 * The folder is watched, not the file, so that replacing the file by renaming (editors, mounted volumes) is seen; its
 * content decides whether anything changed. Loads never overlap. Returns what ends the watch.
 */
export async function watchConfig(
  load: LoadOptions,
  onLoad: (loaded: Loaded) => void,
  { debounceMs }: WatchOptions = { debounceMs: 100 },
): Promise<() => void> {
  let seen = await fingerprint(load)
  let timer: NodeJS.Timeout | undefined
  let work = Promise.resolve()
  let closed = false

  const reload = (forced: boolean) => {
    work = work.then(async () => {
      const now = await fingerprint(load)
      if (closed || (!forced && now === seen)) return
      seen = now
      const loaded = await loadConfig(load)
      if (!closed) onLoad(loaded)
    })
  }
  const onChange = () => {
    clearTimeout(timer)
    timer = setTimeout(reload, debounceMs, false)
  }
  const onHangUp = () => reload(true)

  const watcher = watch(load.path === undefined ? load.cwd : dirname(resolve(load.cwd, load.path)), onChange)
  // A folder that can no longer be watched must not take the server down; SIGHUP still works.
  watcher.on('error', () => watcher.close())
  watcher.unref()
  process.on('SIGHUP', onHangUp)
  return () => {
    closed = true
    clearTimeout(timer)
    watcher.close()
    process.off('SIGHUP', onHangUp)
  }
}

async function fingerprint(load: LoadOptions): Promise<string> {
  return JSON.stringify(await readConfig(load))
}
