/** Writes docs/config.md and schema/config.schema.json from the schema. Run with `npm run docs:config`. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { configJsonSchema, configReference } from '../src/config/docs.ts'

const root = new URL('../', import.meta.url)
const example = readFileSync(new URL('examples/switchyard.config.jsonc', root), 'utf8')
mkdirSync(new URL('schema/', root), { recursive: true })
writeFileSync(new URL('docs/config.md', root), configReference(example))
writeFileSync(new URL('schema/config.schema.json', root), `${JSON.stringify(configJsonSchema(), null, 2)}\n`)
