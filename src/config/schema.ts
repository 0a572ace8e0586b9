/**
 * The one schema of the configuration file: it checks, it types, and `docs.ts` renders it as reference and as JSON
 * schema. Every key has a description and, where it is optional, a default; durations and sizes carry their unit.
 */
import * as z from 'zod'
import { CAPABILITIES } from '../spec.ts'
import { describeUnknownKeys } from './hints.ts'

/** An object in which an unknown key is an error, with the nearest known key as a hint. */
function object<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? describeUnknownKeys(issue.keys, Object.keys(shape)) : undefined,
  })
}

const ms = (fallback: number) => z.int().min(0).max(86_400_000).default(fallback)
const count = (fallback: number) => z.int().min(1).default(fallback)
const id = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._/@-]*$/, 'use letters, digits and . _ - / @ (a colon would read as a preference)')
const quality = z.number().min(0).max(1)

export const SECRET_HINT = 'secrets are read from the environment only: write {"env": "NAME"}'
const secret = z.strictObject(
  {
    env: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'this is the name of an environment variable, not the secret itself')
      .describe('Name of the environment variable that holds the secret.'),
  },
  { error: SECRET_HINT },
)

const server = object({
  host: z.string().min(1).default('127.0.0.1').describe('Address to listen on. Any other than loopback needs `keys`.'),
  port: z.int().min(0).max(65_535).default(8080).describe('Port to listen on; 0 takes a free one.'),
  maxBodyBytes: count(33_554_432).describe(
    "Largest request body; more is refused with 413. The default is the vendors' own.",
  ),
  maxConcurrentRequests: count(1_024).describe('Requests served at once; more are refused with 503 and Retry-After.'),
  headersTimeoutMs: ms(10_000).describe('Longest time for the headers of a request to arrive.'),
  requestTimeoutMs: ms(60_000).describe('Longest time for a whole request to arrive.'),
  drainTimeoutMs: ms(30_000).describe('Longest time that open answers may go on after SIGTERM.'),
})

const timeouts = object({
  connectTimeoutMs: ms(5_000).describe('Longest time to connect.'),
  firstTokenTimeoutMs: ms(120_000).describe(
    'Longest time from sending the request to the first token; reasoning models are slow.',
  ),
  idleTimeoutMs: ms(60_000).describe('Longest silence between two chunks after the first token.'),
  totalTimeoutMs: ms(600_000).describe('Longest time for one attempt, beginning to end.'),
})

const retry = object({
  maxAttempts: count(3).describe('Upstream calls per request, fail-over included.'),
  baseDelayMs: ms(500).describe('Upper end of the first random wait; doubles with every attempt.'),
  maxDelayMs: ms(8_000).describe('Upper end of any random wait.'),
  maxRetryAfterMs: ms(10_000).describe('A longer Retry-After is not waited for: the next candidate is asked instead.'),
})

const breaker = object({
  failures: count(5).describe('Failures in a row after which the provider is left alone.'),
  cooldownMs: ms(5_000).describe('How long it is left alone before one request may try again.'),
})

const anyProvider = {
  timeouts: timeouts.prefault({}).describe('Time limits of one attempt.'),
  retry: retry.prefault({}).describe('Retries and fail-over; waits have full jitter.'),
  breaker: breaker.prefault({}).describe('Circuit breaker.'),
}

const vendor = {
  apiKey: secret.exactOptional().describe('Key for the provider; leave it out where none is needed.'),
  headers: z
    .record(z.string(), z.union([z.string(), secret]))
    .default({})
    .describe('Extra headers for every call; a value is a text or `{"env": "NAME"}`.'),
  models: z
    .union([z.literal('*'), z.array(z.string().min(1))])
    .default([])
    .describe(
      'Model names that a client may ask for by their real name besides the candidates: `"*"`, or a list in which `*` stands for any text. Lists are asked before `"*"`.',
    ),
  ...anyProvider,
}

const simulatedWire = z.enum(['openai', 'anthropic']).default('openai').describe('Wire format to be spoken to it.')

const provider = z.discriminatedUnion('kind', [
  object({
    kind: z.literal('openai').describe('`openai`: OpenAI itself or any server that speaks its API.'),
    baseUrl: z.string().default('https://api.openai.com/v1').describe('With the API version, as in the OpenAI SDK.'),
    ...vendor,
  }),
  object({
    kind: z.literal('anthropic').describe('`anthropic`: Anthropic or any server that speaks its API.'),
    baseUrl: z
      .string()
      .default('https://api.anthropic.com/v1')
      .describe('With the API version. (The Anthropic SDK takes it without.)'),
    ...vendor,
  }),
  object({
    kind: z.literal('demo').describe('`demo`: built-in models of behaviour; no key, no network, no real answers.'),
    wire: simulatedWire,
    ...anyProvider,
  }),
  object({
    kind: z.literal('replay').describe('`replay`: serves recorded outcomes of a data set.'),
    wire: simulatedWire,
    data: z
      .string()
      .min(1)
      .describe(
        'Recorded outcomes: the path prefix of a set, `DATA.queries.jsonl.gz`, `DATA.outcomes.csv.gz` …, or a table (docs/evaluation.md).',
      ),
    latency: z.boolean().default(false).describe('Wait as long as the recorded model took.'),
    ...anyProvider,
  }),
])

const usdPerMTok = z.number().min(0)
const price = object({
  inputPerMTok: usdPerMTok.describe('USD per million input tokens.'),
  cachedInputPerMTok: usdPerMTok.exactOptional().describe('USD per million input tokens read from the prompt cache.'),
  cacheWritePerMTok: usdPerMTok.exactOptional().describe('USD per million input tokens written to the prompt cache.'),
  outputPerMTok: usdPerMTok.describe('USD per million output tokens.'),
})

const candidate = object({
  id: id.describe('Unique; what clients, decisions and policies name.'),
  provider: id.describe('The provider that serves it.'),
  model: z.string().min(1).describe('The name the provider knows it by.'),
  price: price.nullable().exactOptional().describe('`null`: not known. Left out: from the catalogue.'),
  contextWindow: z
    .int()
    .min(1)
    .exactOptional()
    .describe('Tokens, input and output together. Left out: from the catalogue.'),
  maxOutput: z.int().min(1).exactOptional().describe('Tokens. Left out: from the catalogue.'),
  capabilities: z
    .array(z.enum(CAPABILITIES))
    .exactOptional()
    .describe(
      'What requests may demand of it; `logprobs` also lets cascades and `bootstrap` ask it how sure it is. Left out: from the catalogue.',
    ),
  tags: z.array(z.string()).default([]).describe('Free labels.'),
  elsewhere: z
    .array(
      object({
        provider: id.describe('The provider that serves it too.'),
        model: z.string().min(1).describe('The name that provider knows it by.'),
        price: price.nullable().exactOptional().describe('`null`: not known. Left out: from the catalogue.'),
      }),
    )
    .default([])
    .describe(
      'Where else the same model is served. Whichever provider has answered best lately is asked first, the others when it fails.',
    ),
  priors: object({
    quality: quality.exactOptional().describe('Believed mean quality in [0, 1].'),
    outputTokens: z
      .number()
      .positive()
      .exactOptional()
      .describe('Believed mean length of an answer in tokens. Left out: 300.'),
  })
    .exactOptional()
    .describe('What is believed of it before any outcome is seen. Left out: quality by its place among the prices.'),
})

/** What one USD is worth in quality; quality lies in [0, 1]. With 10, a cent is worth 0.1. */
const lambda = z.number().min(0)

export const PRESETS = ['knn', 'cost-aware', 'bandit', 'cascade'] as const
export const ESTIMATORS = [
  'constant',
  'knn',
  'linear',
  'kernel',
  'difficulty',
  'cluster',
  'low-rank',
  'mlp',
  'bradley-terry',
  'pilot',
  'skills',
  'contrastive',
  'graph',
  'stack',
  'domains',
  'agreement',
] as const
export const PLANNERS = [
  'utility',
  'budget',
  'threshold',
  'hedge',
  'balance',
  'category-map',
  'squarecb',
  'epsilon-greedy',
  'cascade',
] as const

/** What planners are told; `resolve.planner.ts` knows which needs what. */
export const plannerOptionsSchema = object({
  usdPerThousand: z
    .number()
    .positive()
    .exactOptional()
    .describe('For `budget` and `category-map`: mean spend in USD per 1,000 queries.'),
  strong: z.string().exactOptional().describe('For `threshold`: the candidate for queries that need it.'),
  weak: z.string().exactOptional().describe('For `threshold`: the candidate for the others.'),
  share: quality.exactOptional().describe('For `threshold`: share of the training queries that goes to `strong`.'),
  chance: quality.exactOptional().describe('For `hedge`: how probably the set of candidates must hold the best one.'),
  quotas: z
    .record(z.string(), z.number().positive().max(1))
    .refine((quotas) => Object.values(quotas).reduce((sum, share) => sum + share, 0) <= 1 + 1e-9, 'sum to more than 1')
    .exactOptional()
    .describe('For `balance`: share of the queries by candidate id. Who is left out shares what is left.'),
  gamma: z
    .number()
    .positive()
    .exactOptional()
    .describe('For `squarecb`: the higher, the less is explored. Left out: it follows from what has been learned.'),
  epsilon: quality
    .exactOptional()
    .describe('For `epsilon-greedy`: share of the requests that go to a candidate drawn at random.'),
  maxSteps: z
    .int()
    .min(1)
    .max(3)
    .exactOptional()
    .describe('For `cascade`: candidates asked for one request at most. Left out: 3.'),
  maxLatencyMs: z
    .int()
    .min(1)
    .max(600_000)
    .exactOptional()
    .describe('For `cascade`: after this long the best answer so far is sent. Left out: 30000.'),
})

const route = object({
  preset: z
    .enum(PRESETS)
    .exactOptional()
    .describe(
      'What `train` learns for this route: estimator and planner by one name. `cost-aware` where nothing is said.',
    ),
  estimator: z.enum(ESTIMATORS).exactOptional().describe('Instead of a preset, with `planner`.'),
  planner: z.enum(PLANNERS).exactOptional().describe('Instead of a preset, with `estimator`.'),
  plannerOptions: plannerOptionsSchema.exactOptional().describe('What the planner needs to know (docs/routers.md).'),
  candidates: z
    .union([z.literal('*'), z.array(z.string()).min(1)])
    .default('*')
    .describe('Candidate ids to choose among, or `"*"` for all.'),
  lambda: z
    .union([
      lambda,
      object({
        best: lambda.exactOptional().describe('λ of `ROUTE:best`.'),
        auto: lambda.exactOptional().describe('λ of `ROUTE`.'),
        cheap: lambda.exactOptional().describe('λ of `ROUTE:cheap`.'),
      }),
    ])
    .prefault({})
    .describe(
      'What one USD is worth in quality. What is left out follows from prices and prior qualities of the candidates. A number sets `auto`.',
    ),
  limits: object({
    maxCostUsd: z
      .number()
      .positive()
      .exactOptional()
      .describe('Predicted cost of one request, all calls of a cascade together.'),
    minQuality: quality.exactOptional().describe('Predicted quality of one request.'),
  })
    .prefault({})
    .describe('A candidate that breaks one is not asked.'),
  exploration: object({
    usdPerDay: z
      .number()
      .min(0)
      .exactOptional()
      .describe(
        'What explored requests may cost in USD per UTC day; after that nothing is explored. Left out: no limit.',
      ),
    maxLoss: quality
      .default(0.2)
      .describe('By how much, in quality − λ · cost as predicted, an explored candidate may fall short of the best.'),
  })
    .prefault({})
    .describe(
      'How far the planners `squarecb` and `epsilon-greedy` may go. A request in the middle of a tool loop is never explored.',
    ),
})

const key = object({
  name: id.describe('Names the tenant in the log; never the secret.'),
  key: secret.exactOptional().describe('The secret, from the environment. Either this or `sha256`.'),
  sha256: z.string().exactOptional().describe('SHA-256 of the secret, 64 hex digits. Either this or `key`.'),
  routes: z
    .union([z.literal('*'), z.array(z.string()).min(1)])
    .default('*')
    .describe('Routes it may use.'),
  models: z.boolean().default(true).describe('May it name a model itself, past the routes.'),
  exploration: z.boolean().default(true).describe('May its requests be used to explore.'),
  admin: z
    .boolean()
    .default(false)
    .describe('May it read the whole log, of all keys, store policies and put them in charge (docs/admin.md).'),
  lambda: object({
    default: lambda.exactOptional().describe("Used where the request chooses none. Left out: the route's."),
    min: lambda.default(0).describe('The lowest λ it may choose: the dearest preference.'),
    max: lambda.exactOptional().describe('The highest λ it may choose.'),
  })
    .prefault({})
    .describe('What it may choose between quality and cost; a request is clamped to it.'),
  limits: object({
    requestsPerMinute: z.int().min(1).exactOptional().describe('More are refused with 429.'),
    usdPerDay: z
      .number()
      .positive()
      .exactOptional()
      .describe('What its requests may cost in USD per UTC day; more are refused with 429 until 00:00 UTC.'),
  })
    .prefault({})
    .describe('Limits of this key.'),
})

const encoder = object({
  driver: z
    .enum(['onnx', 'transformers', 'remote', 'workers-ai', 'none'])
    .default('onnx')
    .describe(
      '`onnx`: the embedded encoder. `transformers`: any sentence encoder (Node only). `remote`: a server that speaks the OpenAI embeddings API. `workers-ai`: a model of Workers AI (Worker only). `none`: prompt features only.',
    ),
  model: z
    .string()
    .min(1)
    .exactOptional()
    .describe(
      'For `transformers`: a name on the Hugging Face hub or a local folder. For `remote` and `workers-ai`: the name of the model; one name is one encoder, whichever serves it.',
    ),
  baseUrl: z
    .string()
    .exactOptional()
    .describe('For `remote`: with the API version, like `https://api.openai.com/v1`; `/embeddings` is added.'),
  apiKey: secret.exactOptional().describe('For `remote`: its key; leave it out where none is needed.'),
  dim: z
    .int()
    .min(1)
    .max(65_536)
    .exactOptional()
    .describe("For `remote` and `workers-ai`: the length of the model's vectors, as its page says."),
  shorten: z
    .boolean()
    .default(false)
    .describe('For `remote`: ask for vectors of `dim` numbers, of a model that can shorten its own.'),
  provider: z
    .enum(['auto', 'cpu', 'cuda', 'webgpu', 'coreml', 'dml'])
    .default('auto')
    .describe('Execution provider on Node; `auto` takes the best that works.'),
  threads: z.int().min(1).exactOptional().describe('Worker threads on Node. Left out: one per core.'),
  timeoutMs: z
    .int()
    .min(0)
    .max(86_400_000)
    .exactOptional()
    .describe('After this a request is routed without its vector. Left out: 50, for `remote` and `workers-ai` 1000.'),
  maxPending: count(256).describe('Texts waiting at once; beyond, requests are routed without a vector.'),
  cacheEntries: z
    .int()
    .min(0)
    .default(10_000)
    .describe('Vectors kept in memory, each under its text; neither is written anywhere by this.'),
})

const log = object({
  text: z
    .boolean()
    .default(false)
    .describe(
      'Store the embedded prompt text, the text of answers and the comments of feedback. Otherwise of a prompt only its salted hash, length, features and vector are stored, of the others nothing.',
    ),
  durability: z
    .enum(['process', 'power'])
    .default('process')
    .describe('What an answered request survives: a crash of the process, or a power cut too (slower).'),
  required: z.boolean().default(false).describe('When the log fails: `false` serves all the same, `true` answers 503.'),
  keepDays: z
    .int()
    .min(1)
    .exactOptional()
    .describe(
      'Decisions of days (UTC) longer ago than this are deleted with all that belongs to them; their sums stay in the statistics. Left out: nothing is ever deleted.',
    ),
  maxQueuedRows: count(10_000).describe('Rows waiting to be written; more are dropped and counted, or refused.'),
})

const learning = object({
  reward: object({
    signals: object({
      abort: quality.exactOptional().describe('The client left before the answer was complete.'),
      truncated: quality.exactOptional().describe('The answer was cut: by its limit, or by a broken connection.'),
      refusal: quality.exactOptional().describe('The model declined.'),
      invalid_json: quality.exactOptional().describe('JSON was asked for and this is none, or not by the schema.'),
      retry: quality.exactOptional().describe('The same key asked the same again soon after.'),
      none: quality.exactOptional().describe('Nothing of this happened.'),
    })
      .prefault({})
      .describe(
        'Quality of an answer that nobody scored, by what happened to it; the lowest that applies counts. What is left out says nothing.',
      ),
    waitMs: ms(600_000).describe('So long a score is waited for before signals count.'),
    keyShare: z
      .number()
      .positive()
      .max(1)
      .default(0.5)
      .describe(
        'The most that one key may contribute to what is learned where several keys do; the rest is weighed down. Below 1 no key ends a canary alone, either.',
      ),
  })
    .prefault({})
    .describe('What an answer was worth: its score, else what a judge says, else signals.'),
  forgetting: z
    .number()
    .min(0.9)
    .max(1)
    .default(0.999)
    .describe('For planners that explore: what a lesson still counts after the next one. 1 forgets nothing.'),
  judge: object({
    candidate: id.describe('The candidate that scores answers.'),
    share: quality.default(0.05).describe('Share of the routed answers that it scores.'),
    usdPerDay: z.number().positive().describe('What it may cost in USD per UTC day.'),
  })
    .exactOptional()
    .describe('A model that scores a share of the answers. It reads prompts and answers: `log.text` must be on.'),
})

export const configSchema = object({
  $schema: z.string().exactOptional().describe('Path of the JSON schema, for editors.'),
  server: server.prefault({}).describe('The HTTP server.'),
  data: z.string().min(1).default('./.switchyard').describe('Folder for the log and the policies.'),
  providers: z.record(id, provider).describe('Upstreams by id.'),
  candidates: z.array(candidate).describe('The models that may answer.'),
  routes: z
    .record(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'use letters, digits and . _ -'), route)
    .prefault({ auto: {} })
    .describe('Routes by name; a client asks for one as its model.'),
  keys: z.array(key).default([]).describe('Client keys. Without any, whoever reaches the port may use it.'),
  priors: object({
    quality: z.record(z.string(), quality).default({}).describe('Believed mean quality in [0, 1] by candidate id.'),
  })
    .prefault({})
    .describe('The same as `candidates[].priors`, for all at once.'),
  encoder: encoder.prefault({}).describe('What turns text into vectors.'),
  log: log.prefault({}).describe('The log of decisions and outcomes.'),
  learning: learning
    .prefault({})
    .describe('What is learned from outcomes while the gateway serves (docs/learning.md).'),
})

/** The file as it is written. */
export type ConfigInput = z.input<typeof configSchema>
/** The file with every default filled in; references are not yet checked. */
export type ConfigFile = z.output<typeof configSchema>
export type ProviderFile = ConfigFile['providers'][string]
export type CandidateFile = ConfigFile['candidates'][number]
export type RouteFile = ConfigFile['routes'][string]
export type PlannerName = (typeof PLANNERS)[number]
export type PlannerOptions = z.output<typeof plannerOptionsSchema>
export type KeyFile = ConfigFile['keys'][number]
