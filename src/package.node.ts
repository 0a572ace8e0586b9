/** This package itself: where its own files are (the embedded encoder, the demo policy, the migrations), and which version it is. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The nearest folder above this file that holds a package.json: the same from the sources and from what is built of them. */
export function packageFolder(): string {
  let folder = import.meta.dirname
  while (!existsSync(join(folder, 'package.json'))) {
    const above = dirname(folder)
    if (above === folder) throw new Error('Switchyard is not installed as a package: no package.json above its files.')
    folder = above
  }
  return folder
}

export function packageVersion(): string {
  const { version }: { readonly version: string } = JSON.parse(
    readFileSync(join(packageFolder(), 'package.json'), 'utf8'),
  )
  return version
}
