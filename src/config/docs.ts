/** The reference in `docs/config.md` and the JSON schema for editors, both made from the one schema. */
import * as z from 'zod'
import { configSchema } from './schema.ts'
import { isRecord } from './walk.ts'

type Node = z.core.JSONSchema.JSONSchema

/** The JSON schema of the file as it is written. */
export function configJsonSchema(): Node {
  return { ...z.toJSONSchema(configSchema, { io: 'input' }), title: 'Switchyard configuration' }
}

interface Row {
  readonly path: string
  readonly type: string
  readonly fallback: string
  readonly meaning: string
  /** Kinds of provider that have the key; empty: not a matter of kinds. */
  readonly kinds: readonly string[]
}

/** `docs/config.md`. `example` is the text of the example file. */
export function configReference(example: string): string {
  const root = configJsonSchema()
  const sections = Object.entries(root.properties ?? {}).map(([name, node]) => {
    const rows: Row[] = []
    collect(rows, name, asNode(node), root.required?.includes(name) ?? false, [])
    return `### \`${name}\`\n\n${table(rows, kindsOf(asNode(node)))}`
  })
  return `${INTRODUCTION}\n\`\`\`jsonc\n${example.trim()}\n\`\`\`\n\n${BEHAVIOUR}\n${sections.join('\n\n')}\n`
}

const INTRODUCTION = `# Configuration

<!-- Made by \`npm run docs:config\` from src/config/schema.ts: change the schema, not this page. -->

\`switchyard.config.json\`, \`.jsonc\`, \`.yaml\` or \`.yml\` in the folder where the gateway is started, or any file named with
\`--config\`. \`switchyard check\` tells every problem at once, each with its path; the gateway refuses to start with one. An
unknown key is a problem. Durations and sizes carry their unit in the name.

An example (\`examples/switchyard.config.jsonc\`); everything that is left out has the default of the reference below:
`

const BEHAVIOUR = `## Secrets

Provider keys and client keys are never written into the file: \`{"env": "NAME"}\` names the environment variable that holds
one. A client key may also be given as its SHA-256 (\`printf %s "$KEY" | sha256sum\`). Addresses with credentials or a query,
and secret headers as plain text, are refused.

## Environment

| Variable | Meaning |
| --- | --- |
| \`HOST\`, \`PORT\` | Address and port; before the file, after \`--host\` and \`--port\`. |
| \`SWITCHYARD_DATA\` | Folder for the log and the policies; before the file's \`data\`. |
| \`OPENAI_API_KEY\`, \`OPENAI_BASE_URL\` | Only without a file. The base URL has the API version, as for the OpenAI SDK. |
| \`ANTHROPIC_API_KEY\`, \`ANTHROPIC_BASE_URL\` | Only without a file. The base URL has no API version, as for the Anthropic SDK. |

## Without a file

With \`OPENAI_API_KEY\`, \`ANTHROPIC_API_KEY\` or both, the route \`auto\` chooses among current models of those vendors: a cheap, a
middle and a strong one each. Their prior qualities are places in the vendor's line-up, not measurements. Any other model
can be asked for by its name: \`claude-*\` goes to Anthropic, the rest to OpenAI; with one key alone, all goes to that vendor.
Behind a base URL of your own that has other models, write a file and name them. With neither key the demo answers: four
built-in models of behaviour with invented prices.

OpenAI's models from GPT-5.6 on take no tools over chat completions unless their reasoning is switched off, so requests with tools go
to the others of the pool (November 2026).

## Prices, windows, capabilities

What a candidate leaves out is filled in from a catalogue: list price, context window, output limit and capabilities by
provider and model, dated snapshots by their family. What the file says wins. Surcharges for very long prompts are not
modelled: the base price counts. A model that the catalogue does not know needs \`contextWindow\`; without a price its costs
stay unknown (never zero), and without \`capabilities\` it gets no request that needs one. Both are said as warnings.

## Preference

λ is what one USD is worth in quality, where quality lies between 0 and 1: with 10, a cent must buy 0.1 of quality. A route has
three levels: \`ROUTE:best\`, \`ROUTE\` and \`ROUTE:cheap\`; a request may also name a number (\`auto:0.35\`). Without \`lambda\` the levels follow
from the prices and prior qualities of the route's candidates. A key's \`lambda\` clamps what its requests may choose.

## Limits and budgets

A key may have \`limits\`: \`requestsPerMinute\` (a minute's worth at once, then evenly) and \`usdPerDay\`, what its requests may cost
from 00:00 to 00:00 UTC. What a request is expected to cost is reserved before an upstream is asked and replaced by its actual cost
when it ends, however it ends: a failure costs nothing, a stream that the client leaves costs what was used. So a day costs at most
the budget and what the requests under way at its end cost beyond what was expected of them, however many come at once. A request with
an unknown price is refused, and a route leaves out candidates whose price is unknown or that alone would cost more than a day may.

What is over a limit is refused with 429 and Retry-After. Over the rate, or while requests under way hold the rest of the budget,
clients may try again (\`rate_limit_exceeded\`); when the budget is spent they are told not to until 00:00 UTC (\`insufficient_quota\`
for OpenAI's clients; both vendors' SDKs obey and raise the error at once).

Costs are those of the log. Node counts in memory and begins with what the log has of the day, so that a restart forgets nothing but
what a killed process had under way. A Worker counts in one Durable Object per key, for all isolates together, and what an isolate
never settled counts as spent. When the object cannot be reached, rate limits let requests pass (a small failure must not become a
large one) and budgets refuse them with 503 (money is not spent on a guess). Several Node processes with one log each count for themselves.

## Reload

The file is read again when it changes and on SIGHUP. A good one takes over at once, without dropping a request; a bad one is
reported and the old one stays. These change only at a restart, and the gateway says so: \`data\`, \`encoder\`, \`log.durability\`,
\`log.maxQueuedRows\`, and of \`server\` the address, \`maxConcurrentRequests\` and the two timeouts for requests to arrive.

## Exposure

On any address but loopback the gateway starts only with at least one entry under \`keys\`.

## Reference

\`ID\` and \`NAME\` stand for names of your own, \`[]\` for each entry of a list.
`

/** A subschema; JSON schema allows it to be a boolean or absent. */
function asNode(node: unknown): Node {
  return isRecord(node) ? node : {}
}

function collect(rows: Row[], path: string, node: Node, required: boolean, kinds: readonly string[]): void {
  addRow(rows, {
    path,
    type: typeOf(node),
    fallback: required ? 'required' : defaultOf(node),
    meaning: node.description ?? '',
    kinds,
  })
  for (const branch of [node, ...alternatives(node)]) {
    // `{"env": NAME}` is explained once and not unfolded everywhere.
    if (isSecret(branch)) continue
    const here = branch === node ? kinds : [...kinds, ...kindOf(branch)]
    for (const [key, value] of Object.entries(branch.properties ?? {})) {
      collect(rows, `${path}.${key}`, asNode(value), branch.required?.includes(key) ?? false, here)
    }
    if (isRecord(branch.additionalProperties)) {
      collectEntry(rows, `${path}.${path === 'routes' ? 'NAME' : 'ID'}`, branch.additionalProperties)
    }
    if (branch.items !== undefined) collectEntry(rows, `${path}[]`, asNode(branch.items))
  }
}

/** An entry of a list or record: only what is inside it needs rows of its own. */
function collectEntry(rows: Row[], path: string, node: Node): void {
  const inner: Row[] = []
  collect(inner, path, node, false, [])
  rows.push(...inner.slice(1))
}

/** The same key of several kinds is one row; where its default differs, the rows stand together. */
function addRow(rows: Row[], row: Row): void {
  const last = rows.findLastIndex(({ path }) => path === row.path)
  const twin = rows[last]
  if (!twin) rows.push(row)
  else if (twin.fallback !== row.fallback) rows.splice(last + 1, 0, row)
  else {
    const type = twin.type === row.type ? row.type : `${twin.type} or ${row.type}`
    const meaning = twin.meaning === row.meaning ? row.meaning : `${twin.meaning} ${row.meaning}`
    rows[last] = { ...row, type, meaning, kinds: [...twin.kinds, ...row.kinds] }
  }
}

function alternatives(node: Node): Node[] {
  return [...(node.anyOf ?? []), ...(node.oneOf ?? [])].map(asNode)
}

function isSecret(node: Node): boolean {
  return node.properties !== undefined && 'env' in node.properties
}

function kindOf(node: Node): string[] {
  const kind = asNode(node.properties?.kind).const
  return kind === undefined ? [] : [String(kind)]
}

function kindsOf(node: Node): string[] {
  return alternatives(asNode(node.additionalProperties)).flatMap(kindOf)
}

function typeOf(node: Node): string {
  if (isSecret(node)) return '`{"env": NAME}`'
  if (node.const !== undefined) return code(node.const)
  if (node.enum) return node.enum.map(code).join(' or ')
  const branches = alternatives(node)
  if (branches.length > 0) return [...new Set(branches.map(typeOf))].join(' or ')
  if (node.type === 'array') return `list of ${typeOf(asNode(node.items))}`
  if (node.type === 'object' && typeof node.additionalProperties === 'object') {
    return `${typeOf(node.additionalProperties)} by name`
  }
  return String(node.type ?? '')
}

function defaultOf(node: Node): string {
  // An object that is filled key by key: its own rows have the defaults.
  const filled = node.properties !== undefined || alternatives(node).some(({ properties }) => properties !== undefined)
  return node.default === undefined || filled ? '' : code(node.default)
}

function code(value: unknown): string {
  return `\`${JSON.stringify(value)}\``
}

function table(rows: readonly Row[], kinds: readonly string[]): string {
  const lines = rows.map(({ path, type, fallback, meaning, kinds: own }) => {
    const some = own.length > 0 && own.length < kinds.length
    const only = some ? ` Only ${own.map((kind) => `\`${kind}\``).join(', ')}.` : ''
    return `| \`${path}\` | ${type} | ${fallback} | ${meaning}${only} |`
  })
  return ['| Key | Type | Default | Meaning |', '| --- | --- | --- | --- |', ...lines].join('\n')
}
