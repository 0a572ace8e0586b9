#!/usr/bin/env node
/**
 * Runs the command line from its sources. Plain JavaScript, so that Node's compile cache is on before the first
 * TypeScript file: from the second start on no type is stripped again, on no thread. That saves 40 MB and a third of a second.
 */
import { enableCompileCache } from 'node:module'

process.env.NODE_COMPILE_CACHE ??= enableCompileCache().directory ?? ''
await import('./src/cli.ts')
