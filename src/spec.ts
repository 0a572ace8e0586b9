/**
 * The central types of Switchyard. This file imports nothing; everything else may import it.
 *
 * Words: a *candidate* is a model that may answer; a *query* is what is embedded and scored; an *estimator* predicts
 * quality and cost of every candidate; a *planner* turns predictions and a preference into a *plan*; a *decision* is a
 * plan with its propensity, logged; an *outcome* is what happened; a *policy* is a trained artifact.
 */

/** The two wire formats that are spoken to clients and to upstreams. */
export type Wire = 'openai' | 'anthropic'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }

/** What a request may demand of a candidate, and a candidate may offer. */
export const CAPABILITIES = [
  'tools',
  'vision',
  'documents',
  'audio',
  'json_schema',
  'logprobs',
  'reasoning',
  'n',
] as const
export type Capability = (typeof CAPABILITIES)[number]

/** USD per million tokens. */
export interface Price {
  readonly inputPerMTok: number
  readonly cachedInputPerMTok?: number
  readonly cacheWritePerMTok?: number
  readonly outputPerMTok: number
}

/** A model that may answer. */
export interface Candidate {
  /** Unique in the configuration; what decisions, policies and clients name. */
  readonly id: string
  /** The configured provider that serves it. */
  readonly provider: string
  /** The name the provider knows it by. */
  readonly model: string
  readonly wire: Wire
  /** `null`: not known; a cost that depends on it is then unknown too, never zero. */
  readonly price: Price | null
  /** Tokens, input and output together. */
  readonly contextWindow: number
  /** Tokens. */
  readonly maxOutput?: number
  readonly capabilities: ReadonlySet<Capability>
  readonly tags: readonly string[]
  /** What is believed of the candidate before any outcome is seen. Quality in [0, 1]. */
  readonly priors?: { readonly quality?: number; readonly outputTokens?: number }
  /** Where else the same model is served. */
  readonly elsewhere?: readonly Upstream[]
}

/** A place where a candidate's model is served. */
export type Upstream = Pick<Candidate, 'provider' | 'model' | 'wire' | 'price'>

/** One turn of a conversation as far as routing looks at it. */
export interface Turn {
  readonly role: 'system' | 'user' | 'assistant' | 'tool'
  /** All text of the turn, joined by newlines; images and files leave none. */
  readonly text: string
}

/** What the flow needs to know of a request, whatever its dialect. */
export interface Ask {
  readonly wire: Wire
  /** The model as the client wrote it: a route (`auto:cheap`), a candidate, or a provider's own model. */
  readonly asked: string
  readonly stream: boolean
  readonly turns: readonly Turn[]
  readonly requires: ReadonlySet<Capability>
  readonly tools: number
  readonly images: number
  readonly maxOutputTokens?: number
  /** JSON is asked for: by this schema, as the client wrote it; without one any JSON will do. */
  readonly json?: { readonly schema?: unknown }
}

/** What is scored: the embedded text, cheap features and the hard requirements of one request. */
export interface Query {
  /** The text that was embedded, already cut to the encoder's window. */
  readonly text: string
  /** Unit norm; `null` when the encoder was slow, dead or saturated. */
  readonly vector: Float32Array | null
  /** In the order of `FEATURES`, see `embed/features.ts`. */
  readonly features: Float64Array
  /** Estimated from the whole request, not only the embedded text. */
  readonly inputTokens: number
  /** The client's own limit on the answer, when it set one. */
  readonly maxOutputTokens?: number
  readonly requires: ReadonlySet<Capability>
}

/**
 * Predictions for one query; every array has one entry per candidate, in the order of the candidates given.
 * `support` in [0, 1] says how much the training data knows about queries like this one: 0 nothing, 1 as much as of its own.
 */
export interface Estimate {
  /** Expected quality in [0, 1]. */
  readonly quality: Float64Array
  /** Standard deviation of the *error of the mean*, not of outcomes. */
  readonly qualityStd: Float64Array
  readonly outputTokens: Float64Array
  readonly support: number
  /** Rewards that were learned from online, as far as they are not forgotten; absent where nothing learns online. */
  readonly lessons?: number
  /** What kind of query this one is taken for, for planners that decide by kind; left out where that is not known. */
  readonly category?: string
  /** For explanations: rows of the training set and their similarity, nearest first. */
  readonly neighbours?: readonly { readonly row: number; readonly similarity: number }[]
}

/** Pure and synchronous: no I/O, no clock, no randomness. */
export interface Estimator {
  readonly name: string
  estimate(query: Query, candidates: readonly Candidate[]): Estimate
}

/** A tensor of a policy: row-major, little-endian on disk. */
export interface Tensor {
  readonly dtype: 'F32' | 'F64' | 'I32'
  readonly shape: readonly number[]
  readonly data: Float32Array | Float64Array | Int32Array
}

/** What `fit` leaves behind: data only, nothing executable. `load` turns it back into an estimator. */
export interface EstimatorState {
  readonly params: JsonObject
  readonly tensors: Readonly<Record<string, Tensor>>
}

/**
 * Outcomes to learn from. Matrices are row-major, rows = queries, columns = candidates; `NaN` = not known.
 */
export interface TrainingSet {
  readonly queries: readonly Query[]
  readonly candidates: readonly Candidate[]
  /** Quality in [0, 1]. */
  readonly quality: Float64Array
  readonly outputTokens: Float64Array
  /** Vectors of what the candidates answered, all by one encoder, laid out as `quality`; `null` = not known. */
  readonly answers?: readonly (Float32Array | null)[]
  /** What each query is about, by name; empty = not labelled. Known when training alone. */
  readonly tasks?: readonly string[]
}

/** An estimator's offline half. One file in `routers/estimators/` exports one family. */
export interface EstimatorFamily<Options extends object = object> {
  readonly name: string
  /** Raised when a stored state can no longer be loaded by a newer `load`. */
  readonly version: number
  /**
   * What it cannot learn without: answers of three or more candidates to some query, or some query's task. `fit` throws a `RangeError` for
   * queries that lack it.
   */
  readonly needs?: 'answers' | 'tasks'
  readonly defaults: Readonly<Options>
  /** Deterministic given its arguments; `random` is uniform in [0, 1). */
  fit(data: TrainingSet, options: Options, random: () => number): EstimatorState
  load(state: EstimatorState, candidates: readonly string[]): Estimator
  /**
   * A state that also knows the candidates of `data`, by their outcomes alone: what it says of those that it was fitted on, `ids`, stays as it is.
   * Load it with `ids` followed by the new ones. Throws a `RangeError` for a candidate that is among `ids`. Absent where it takes a new fit.
   */
  onboard?(state: EstimatorState, ids: readonly string[], data: TrainingSet): EstimatorState
}

/** What the request asks of the planner. Costs are in USD, λ is what one USD is worth in quality. */
export interface Preference {
  readonly lambda: number
  readonly limits: Limits
  /** Absent: a planner that explores may ask anyone. */
  readonly exploration?: Exploration
}

/** How far a planner that explores may go on one request. */
export interface Exploration {
  readonly allowed: boolean
  /** The most that an explored candidate may fall short of the best by what is predicted, in quality − λ · cost. */
  readonly maxLoss?: number
}

/** Hard limits; a candidate that breaks one is not feasible. */
export interface Limits {
  readonly maxCostUsd?: number
  readonly minQuality?: number
}

/** Whom to ask. Arms are indexes into the feasible candidates given to the planner. */
export type Plan = Planned & ({ readonly kind: 'single' } | Cascade)

interface Planned {
  /** Who is asked first. */
  readonly arm: number
  /** Probability with which this arm was drawn. */
  readonly propensity: number
  /** That of every arm; they sum to 1. */
  readonly chances: readonly number[]
  /** Fail-over order, without `arm`. */
  readonly alternates: readonly number[]
  /** The arm is not the one that is best by what is predicted. */
  readonly explored: boolean
  readonly reason: string
}

/** Answers are judged one by one before the client sees any: ask the first arm, then what `judge` says, until it accepts. */
export interface Cascade {
  readonly kind: 'cascade'
  /** Whole time from the first call on after which the client gets the best answer so far; only while there is none, it waits longer. */
  readonly maxLatencyMs: number
  /**
   * Pure. What to do about the answers so far, of which there is at least one, in the order in which they came; one that failed is not among them.
   * @param open arms that may still be asked: not those that were asked or have failed, nor those that the request's limits keep out. Where there
   * is none, an answer must be accepted.
   */
  judge(answers: readonly StepAnswer[], open: readonly number[]): Verdict
  /** Arms whose `StepAnswer.logprob` goes into the verdict: who is able to give log-probabilities is to be asked for them. */
  readonly logprobs?: readonly number[]
}

/** What a candidate answered in a cascade. */
export interface StepAnswer {
  readonly arm: number
  readonly text: string
  readonly outputTokens: number
  /** How sure it was of its words, see `StreamReader.logprob`; `null`: the upstream did not say. */
  readonly logprob: number | null
}

export type Verdict =
  | { readonly kind: 'ask'; readonly arm: number; readonly reason: string }
  /** The client gets the answer of `arm`; `chance` is how probably it is right. */
  | { readonly kind: 'accept'; readonly arm: number; readonly chance: number; readonly reason: string }

/** Predictions with their cost, as the planner sees them (already guarded). */
export interface Priced extends Estimate {
  /** USD per candidate; `NaN` when the price is not known. */
  readonly costUsd: Float64Array
}

/** Pure: randomness is an argument. */
export interface Planner {
  readonly name: string
  plan(
    query: Query,
    candidates: readonly Candidate[],
    priced: Priced,
    preference: Preference,
    random: () => number,
  ): Plan
}

/** A training query as a planner would have met it: predicted by an estimator that had not seen it, guarded and priced. */
export interface Prediction {
  /** Those that were able to answer. */
  readonly candidates: readonly Candidate[]
  readonly priced: Priced
  /** USD that each candidate's answer cost, as recorded; as expected where no cost is. */
  readonly spentUsd: Float64Array
  /** As recorded; `NaN` = not known. */
  readonly quality: Float64Array
  /** The query's text and what each candidate answered, where the data has that; `null` = not known. */
  readonly recorded?: {
    readonly prompt: string
    readonly answers: readonly (string | null)[]
    /** How sure each was of its words, see `StreamReader.logprob`; `NaN` = not known. */
    readonly logprobs?: Float64Array
  }
}

/**
 * A planner's offline half. One file in `routers/planners/` exports one family. Its parameters are stored in the policy:
 * what `fit` found on the training queries, or the options themselves where there is nothing to find.
 */
export interface PlannerFamily<Options extends JsonObject = JsonObject> {
  readonly name: string
  /** Raised when stored parameters can no longer be loaded by a newer `load`. */
  readonly version: number
  /** What `fit` cannot learn without: `Prediction.recorded`. It throws a `RangeError` without. */
  readonly needs?: 'answers'
  /** It asks others than the best to learn of them: routes with it learn online. */
  readonly explores?: true
  /** Deterministic. Throws a `RangeError` that says what to do when the options cannot be met on these queries. */
  fit?(predictions: readonly Prediction[], options: Options): JsonObject
  /** Throws a `RangeError` when a parameter is missing. */
  load(params: JsonObject): Planner
}

/** The statistical safety between estimator and planner, fitted with the policy and stored in it. */
export interface Guard {
  /** In [0, 1]: how much of the predicted differences from the constant survives. 0 serves the constant. */
  readonly shrink: number
  /** Below this support the constant serves; between it and 1 the shrink factor rises linearly. */
  readonly minSupport: number
  /** The constant's mean quality per candidate of the policy, in the policy's order. */
  readonly quality: readonly number[]
  /** The constant's mean output tokens per candidate. */
  readonly outputTokens: readonly number[]
  /**
   * Input tokens of the training queries: the length of a typical one. Costs are shrunk like the predictions, so that a factor
   * of 0 compares candidates by their typical costs: the constant. Absent: a query's own input tokens count in full.
   */
  readonly inputTokens?: { readonly mean: number; readonly max: number }
  /** What the factor was chosen from; kept for explanations. */
  readonly evidence: JsonObject
}

/** Learns from one reward at a time, on top of an estimate that stays as it is. Deterministic: its state is a function of what it was told, in that order. */
export interface OnlineModel {
  /** Names what its features mean: lessons and states of a model of another id mean nothing to it. */
  readonly id: string
  /** The query as the model sees it, for `Lesson.features`. */
  encode(query: Query): Float64Array
  /** The estimate with what was learned. Quality stays in [0, 1]; `qualityStd` says how sure that is by now. Pure. */
  correct(query: Query, candidates: readonly Candidate[], estimate: Estimate): Estimate
  /** What a candidate's answer was worth. */
  learn(candidate: string, lesson: Lesson, quality: number): void
  /** All that it has learned, to be given to a new one of the same id. Equal states are equal bytes. */
  save(): Uint8Array
}

/** The manifest of a trained policy. */
export interface PolicyManifest {
  readonly format: 1
  readonly estimator: { readonly name: string; readonly version: number; readonly params: JsonObject }
  readonly guard: Guard
  /** `options` are the parameters that the planner's family loads. `version` is missing in the files of its version 1. */
  readonly planner: { readonly name: string; readonly version?: number; readonly options: JsonObject }
  readonly encoder: EncoderInfo & {
    /** No other precision of the encoder will do. */
    readonly exact?: true
  }
  readonly features: readonly string[]
  /** Candidate ids, the order of every per-candidate array in the policy. */
  readonly candidates: readonly string[]
  readonly trainedOn: {
    readonly source: string
    readonly rows: number
    readonly sha256: string
    readonly createdAt: string
    /** Of a gateway's log: the numbers of the first and the last decision learned from, and how many between them were left out, by the reason. */
    readonly log?: { readonly first: number; readonly last: number; readonly leftOut: Readonly<Record<string, number>> }
  }
  readonly metrics: JsonObject
  /** Candidates that came after the training, the last ones of `candidates`: what they were graded on. */
  readonly onboarded?: readonly (PolicyManifest['trainedOn'] & { readonly candidate: string })[]
  /** The policy that this one was made from. */
  readonly parent?: string
  /** Names of training rows for explanations; may be empty. Never prompt text unless the data is public. */
  readonly labels?: readonly string[]
}

/** A policy as loaded: `id` is the SHA-256 of its file. */
export interface Policy {
  readonly id: string
  readonly manifest: PolicyManifest
  readonly state: EstimatorState
}

/** An encoder's identity. Vectors of one id are comparable whatever the runtime and precision. */
export interface EncoderInfo {
  readonly id: string
  readonly precision: string
  readonly dim: number
  /** SHA-256 of the model file, hex. */
  readonly sha256: string
}

/** Text to unit vectors. A vector depends on its text alone. */
export interface Encoder {
  readonly info: EncoderInfo
  embed(texts: readonly string[]): Promise<Float32Array[]>
  close(): Promise<void>
}

/** Tokens of one call, normalised: `input` includes cached and cache-writing tokens, `output` includes reasoning. */
export interface Usage {
  readonly input: number
  readonly cachedInput: number
  readonly cacheWrite: number
  readonly output: number
  readonly reasoning: number
}

export type UnifiedFinish = 'stop' | 'length' | 'tool_calls' | 'refusal' | 'other'
export interface Finish {
  readonly unified: UnifiedFinish
  /** What the provider said, to the letter. */
  readonly raw: string | null
}

export type OutcomeStatus =
  | 'ok'
  | 'client_abort'
  | 'client_error'
  | 'upstream_error'
  | 'upstream_truncated'
  | 'timeout'
  | 'unknown'

/** A routing decision as it is logged, before any money is spent. */
export interface Decision {
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly tenant: string
  readonly wire: Wire
  /** The route's name, or `null` when the client named a model itself. */
  readonly route: string | null
  /** The model name as the client wrote it. */
  readonly asked: string
  /** The candidate chosen first. */
  readonly candidate: string
  readonly alternates: readonly string[]
  readonly propensity: number
  readonly explored: boolean
  readonly reason: string
  readonly lambda: number | null
  /** Policy hash, or `null` when the constant decided. */
  readonly policy: string | null
  readonly stream: boolean
  readonly query: {
    /** SHA-256 of the embedded text, salted per installation. */
    readonly hash: string
    /** Characters of the whole request's text. */
    readonly chars: number
    readonly inputTokens: number
    /** In the order of `FEATURES`; empty when the client named the model. */
    readonly features: readonly number[]
    readonly embedded: boolean
    /** Stored only with text retention switched on. */
    readonly text?: string
  }
  /** What was predicted for whom; absent when the client named the model. */
  readonly considered: Considered | null
}

/** The explanation of one decision. All arrays follow `candidates`. */
export interface Considered {
  readonly candidates: readonly string[]
  readonly quality: readonly number[]
  readonly qualityStd: readonly number[]
  /** By which they were compared: at factor 0 that of a typical request. `null`: price not known. */
  readonly costUsd: readonly (number | null)[]
  readonly utility: readonly (number | null)[]
  readonly support: number
  /** Probability of each candidate to be asked first; they sum to 1. */
  readonly chances: readonly number[]
  /** Answers were judged before one was sent: what a candidate answered when it was asked first is known only where it was accepted. */
  readonly cascade?: true
  /** Quality as predicted without what was learned online; absent where nothing learns online. */
  readonly offline?: readonly number[]
  /** How many of the route's lessons had been learned by then: the first so many in the order of the log. Absent where nothing learns online. */
  readonly lessons?: number
  /** What the guard made of that support: the share `factor` of what was predicted beyond the constant survived, 0 is the constant. */
  readonly guard: Pick<Guard, 'shrink' | 'minSupport'> & { readonly factor: number }
  readonly neighbours: readonly { readonly row: number; readonly similarity: number; readonly label?: string }[]
  /** Candidates that a limit excluded, with the limit. */
  readonly excluded: readonly { readonly candidate: string; readonly limit: string }[]
}

/** One upstream call. */
export interface Attempt {
  readonly decision: string
  readonly index: number
  readonly candidate: string
  readonly provider: string
  readonly at: number
  readonly status: number | null
  /** `null` when it succeeded, else the code of the error table. */
  readonly error: string | null
  readonly ttftMs: number | null
  readonly latencyMs: number
  /** USD that this call cost; `null` where that is not known. */
  readonly costUsd: number | null
  /** In a cascade: what was decided once its answer was there, and why. */
  readonly verdict?: string
}

/** One request to an upstream. Aborting `signal` closes the connection in every phase. */
export interface UpstreamRequest {
  readonly url: string
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly signal: AbortSignal
  readonly connectTimeoutMs: number
}

/** `body` ends cleanly only where the upstream ended it cleanly (a reset or a short body throws); leaving the loop early cancels. */
export interface UpstreamResponse {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: AsyncIterable<Uint8Array>
}

/** How bytes reach an upstream: undici on Node, fetch in a Worker, a function for the demo. Never follows redirects. */
export type Transport = (request: UpstreamRequest) => Promise<UpstreamResponse>

/** A configured upstream. */
export interface Provider {
  readonly id: string
  readonly wire: Wire
  /** Origin and path prefix from the configuration, with the API version: `https://api.openai.com/v1`. */
  readonly baseUrl: string
  readonly apiKey: string | null
  /** Extra headers from the configuration. */
  readonly headers: Readonly<Record<string, string>>
  readonly transport: Transport
  readonly timeouts: Timeouts
  readonly retry: RetryOptions
  readonly breaker: BreakerOptions
}

export interface Timeouts {
  readonly connectTimeoutMs: number
  /** From sending the request to the first token (streams) or the first byte of the body. */
  readonly firstTokenTimeoutMs: number
  /** The longest silence between two chunks after that. */
  readonly idleTimeoutMs: number
  /** One attempt, beginning to end. */
  readonly totalTimeoutMs: number
}

export interface RetryOptions {
  /** Upstream calls per request, fail-over included. */
  readonly maxAttempts: number
  readonly baseDelayMs: number
  readonly maxDelayMs: number
  /** A longer Retry-After is not waited for: the next candidate is asked instead. */
  readonly maxRetryAfterMs: number
}

export interface BreakerOptions {
  /** Failures in a row that open the breaker. */
  readonly failures: number
  /** How long it stays open before one probe is let through. */
  readonly cooldownMs: number
}

/**
 * What a streamed answer says, in the terms common to both dialects. A complete stream yields exactly one `finish`,
 * a failed one exactly one `error`, and nothing after it. Usage comes with `finish`.
 */
export type StreamPart =
  | {
      readonly type: 'start'
      readonly id: string | null
      readonly model: string | null
      readonly inputTokens: number | null
    }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'refusal'; readonly text: string }
  | { readonly type: 'reasoning'; readonly text: string }
  | { readonly type: 'reasoning_signature'; readonly signature: string }
  | { readonly type: 'tool_start'; readonly index: number; readonly id: string; readonly name: string }
  /** A piece of the arguments' JSON text. */
  | { readonly type: 'tool_arguments'; readonly index: number; readonly json: string }
  | { readonly type: 'finish'; readonly finish: Finish; readonly usage: Usage | null }
  | { readonly type: 'error'; readonly code: string; readonly message: string }

/** Reads one upstream stream. One reader per attempt. */
export interface StreamReader {
  /** Takes bytes however they were cut; returns the parts they complete. */
  push(chunk: Uint8Array): StreamPart[]
  /** To be called when the bytes ended cleanly: an unfinished answer yields an `error` part with code `upstream_truncated`. */
  end(): StreamPart[]
  /** `pending` until the first part that a client could see. */
  readonly progress: 'pending' | 'output' | 'finished' | 'failed'
  readonly usage: Usage | null
  readonly finish: Finish | null
  /** How sure the model was of its words so far: a low quantile of its tokens' log-probabilities, at most 0. `null`: the upstream did not say. */
  readonly logprob: number | null
}

/** What an upstream's error answer means. */
export interface UpstreamFailure {
  readonly code: string
  readonly message: string
  /** Another attempt at the same candidate may help. */
  readonly retryable: boolean
  /** Another candidate may help: false for what is wrong with the request itself. */
  readonly failover: boolean
  readonly retryAfterMs: number | null
}

/** One request as one candidate must receive it, and how to read its answer: built by `wire/`, used by `call/`. */
export interface Exchange {
  /** Appended to the provider's base URL: `/chat/completions`, `/messages`. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly stream: boolean
  reader(): StreamReader
  /** A complete answer's usage, finish and log-probability. Throws `upstream_malformed`. */
  readReply(body: Uint8Array): Pick<StreamReader, 'usage' | 'finish' | 'logprob'>
  readFailure(status: number, headers: Readonly<Record<string, string>>, body: Uint8Array): UpstreamFailure
  /** More is asked for than the client asked for: it is taken out of what comes back, and the request is made without it where it is refused. */
  readonly added?: {
    /** The body without it. */
    readonly without: Uint8Array
    /** A complete answer, or whole events, without what came of it. */
    strip(bytes: Uint8Array): Uint8Array
  }
}

/** What happened. Exactly one per decision. */
export interface Outcome {
  readonly decision: string
  readonly at: number
  readonly status: OutcomeStatus
  /** The candidate that answered, or the last one tried. */
  readonly candidate: string
  readonly attempts: number
  readonly usage: Usage | null
  /** Where usage comes from. */
  readonly usageSource: 'provider' | 'estimated' | null
  readonly costUsd: number | null
  readonly ttftMs: number | null
  readonly latencyMs: number
  readonly finish: Finish | null
  readonly signals: readonly Signal[]
  /** Stored only with text retention switched on. */
  readonly answer?: string
}

/** What speaks against an answer though nobody scored it: the client left, it was cut, it declines, it is not the JSON that was asked for, it was asked for again. */
export const SIGNALS = ['abort', 'truncated', 'refusal', 'invalid_json', 'retry'] as const
export type Signal = (typeof SIGNALS)[number]

/** A score for a decision, any number per decision. */
export interface Feedback {
  readonly decision: string
  readonly principal: string
  /** In [0, 1]. */
  readonly value: number
  readonly source: 'user' | 'judge' | 'check' | 'implicit'
  /** Stored only with text retention switched on. */
  readonly comment?: string
  readonly at: number
}

/** A vector by the hash of its text. */
export interface EmbeddingRow {
  readonly hash: string
  readonly encoder: string
  readonly vector: Float32Array
  readonly at: number
}

/**
 * What a decision turned out to be worth, settled once: the first that is known of it. What learns online learns from these, in the order in which
 * they were written.
 */
export interface Reward {
  readonly decision: string
  readonly at: number
  readonly tenant: string
  readonly route: string
  /** Policy hash, or `null` when the constant decided. */
  readonly policy: string | null
  readonly candidate: string
  readonly source: Feedback['source']
  /** In [0, 1]. */
  readonly quality: number
  readonly costUsd: number | null
  readonly lambda: number
  /** Probability with which the candidate was drawn; 0: another one was, and this one answered in its place (fail-over, a later step of a cascade). */
  readonly propensity: number
  /** For what learns online; absent where nothing does. Its weight follows from the rewards before it. */
  readonly lesson?: Omit<Lesson, 'weight'>
}

/** What an online model learns from one reward. */
export interface Lesson {
  /** Which model it is for: lessons of another one mean nothing to it. */
  readonly model: string
  /** The query as the model sees it. */
  readonly features: Float64Array
  /** Quality as predicted without what was learned online. */
  readonly predicted: number
  /** In (0, 1]: less where one key has said more than its share. */
  readonly weight: number
}

/** How far a job has come in the log and what it has made of it, so that it need not begin anew; the newest of a name counts. */
export interface Snapshot {
  readonly name: string
  readonly at: number
  /** Number of the last row that is in it. */
  readonly seq: number
  readonly bytes: Uint8Array
}

/** A policy put in charge of a route; the newest row per route is the one that serves. `policy: null` serves the constant. */
export interface Activation {
  readonly route: string
  readonly policy: string | null
  readonly at: number
  readonly reason: string
  /** Share of the requests that it decides, in (0, 1]; below 1 what served before decides the others. */
  readonly share: number
  /** A canary, whose share is below 1, that keeps it when it has shown to be better: a person decides. */
  readonly hold?: true
  /** It ends the canary activated at that time by what the canary was measured at, and is stored only while that one is the newest of the route. */
  readonly ends?: number
  /** What was measured of it when it was put in charge. */
  readonly evidence?: JsonObject
}

export type LogRow =
  | { readonly table: 'decisions'; readonly row: Decision }
  | { readonly table: 'attempts'; readonly row: Attempt }
  | { readonly table: 'outcomes'; readonly row: Outcome }
  | { readonly table: 'feedback'; readonly row: Feedback }
  | { readonly table: 'embeddings'; readonly row: EmbeddingRow }
  | { readonly table: 'rewards'; readonly row: Reward }
  | { readonly table: 'policies'; readonly row: Activation }
  | { readonly table: 'snapshots'; readonly row: Snapshot }

/** One decision with all that is known of it. */
export interface DecisionRecord {
  readonly decision: Decision
  readonly attempts: readonly Attempt[]
  readonly outcome: Outcome | null
  readonly feedback: readonly Feedback[]
}

/** Requests of one day, tenant, route, candidate and status, summed up. */
export interface Statistics {
  /** Days since the epoch, UTC: that of the decision. */
  readonly day: number
  readonly tenant: string
  /** `null` when the client named a model itself. */
  readonly route: string | null
  /** The candidate that answered, or the last one tried. */
  readonly candidate: string
  /** `unknown` also while there is no outcome. */
  readonly status: OutcomeStatus
  readonly requests: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly costUsd: number
  /** Requests whose cost is known; `costUsd` is theirs. */
  readonly priced: number
  readonly latencyMs: number
  /** Requests with feedback. */
  readonly scored: number
  /** Sum over those of the mean of a request's scores. */
  readonly score: number
}

/** What one run of maintenance came to. */
export interface Maintained {
  /** Decisions deleted, with all that belonged to them. */
  readonly deleted: number
  /** There is more to delete: to be called again. */
  readonly more: boolean
}

/** The log. */
export interface Store {
  /** Resolves only when every row survives a crash of the process. Rejects with `log_full` or `log_failed`; nothing is half-written. */
  append(
    rows: readonly LogRow[],
    options?: {
      /** Rows that nobody waits for may wait this long for a commit that others need anyway. */
      readonly patienceMs?: number
    },
  ): Promise<void>
  decision(id: string): Promise<DecisionRecord | null>
  /** Newest first. */
  decisions(options: { limit: number; before?: string; tenant?: string }): Promise<DecisionRecord[]>
  embedding(hash: string, encoder: string): Promise<Float32Array | null>
  /** The newest activation of every route. */
  activations(): Promise<Activation[]>
  /** Activations of a route, newest first. */
  history(route: string, limit: number): Promise<Activation[]>
  /** USD by tenant of the requests decided at or after `since` (milliseconds since the epoch). */
  spent(since: number): Promise<ReadonlyMap<string, number>>
  /** USD by route of the explored requests decided at or after `since`. */
  explored(since: number): Promise<ReadonlyMap<string, number>>
  /**
   * Routed decisions without a reward by their outcomes: of the first `limit` outcomes after number `after`, up to the first that was written later
   * than `until`. `next` is the `after` of the following call; `null` where there was nothing to look at.
   */
  unsettled(options: {
    after: number
    until: number
    limit: number
    /** Only those that somebody scored. */
    scored: boolean
  }): Promise<{ readonly records: DecisionRecord[]; readonly next: number | null }>
  snapshot(name: string): Promise<Snapshot | null>
  /**
   * Rows of a table in the order in which they were written, from the first after number `after` (0: from the beginning).
   * `next` is the `after` of the following page; `null` where there was nothing, so that the last number that was given
   * is the place to go on from later. A row that replaces another is a newly written one: nothing is missed.
   */
  rows(
    table: LogRow['table'],
    options: { after: number; limit: number },
  ): Promise<{ readonly rows: LogRow[]; readonly next: number | null }>
  /**
   * Sums from the day of `since` (milliseconds since the epoch) to now, by day. What is written of an earlier day counts
   * from the next maintenance on.
   */
  statistics(options: { since: number; tenant?: string }): Promise<Statistics[]>
  /**
   * Closes decisions that have had no outcome for an hour as `unknown`, sums up past days, and deletes decisions (with
   * attempts, outcome, feedback, and vectors that nothing refers to any more) of days more than `keepDays` ago; what is
   * deleted stays in the statistics. One whose reward is less than an hour old waits: who learns may not have read that. `null` deletes nothing. To be called every hour.
   */
  maintain(options: { now: number; keepDays: number | null }): Promise<Maintained>
  /** Rows given to `append` since start and not stored: the queue was full or the commit failed. */
  readonly dropped: number
  close(): Promise<void>
}
