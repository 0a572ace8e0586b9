/**
 * Loads a package's CommonJS build in place of its ES modules. drizzle-orm is some three hundred small files; as ES
 * modules they took 170 MB and a second of one core to load, as CommonJS 40 MB and a fifth of the time (Node 24).
 */
import { registerHooks } from 'node:module'

/** For imports made after this call, in this thread. */
export function preferCommonJs(name: string): void {
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === name || specifier.startsWith(`${name}/`)
        ? next(specifier, { ...context, conditions: ['node', 'require', 'default'] })
        : next(specifier, context),
  })
}
