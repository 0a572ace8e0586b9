/** `POST /v1/messages/count_tokens`: asked of Anthropic where the client names one of its models, else estimated. */
import { readBytes } from '../admit/body.ts'
import { call } from '../call/call.ts'
import { estimateInputTokens } from '../embed/features.ts'
import { anthropicAskForCount, buildExchange, readBody } from '../wire/index.ts'
import type { Incoming } from './answer.ts'
import type { Deps } from './deps.ts'
import { findTarget } from './target.ts'

/** For a route the model is not yet known, so the count is an estimate from the text, as routing itself uses. */
export async function countTokens(deps: Deps, { request, headers, principal, requestId }: Incoming): Promise<Response> {
  const world = deps.world()
  const body = readBody(await readBytes(request, world.maxBodyBytes))
  const ask = anthropicAskForCount(body.json)
  const target = findTarget(world, ask.asked, { principal, headers })
  const estimate = () =>
    Response.json({ input_tokens: estimateInputTokens(ask) }, { headers: { 'request-id': requestId } })
  if (target.kind === 'route') return estimate()
  const { candidate } = target
  const provider = world.providers.get(candidate.provider)
  if (candidate.wire !== 'anthropic' || !provider) return estimate()
  const exchange = {
    ...buildExchange('anthropic', body, candidate, headers),
    path: '/messages/count_tokens',
    stream: false,
    readReply,
  }
  const { breakers, clock, random, sleep } = deps
  const options = { decision: requestId, signal: request.signal, clock, random, sleep, breakers, onAttempt: () => {} }
  const reply = await call([{ candidate, provider, exchange: () => exchange }], options)
  // Compatible servers often lack this path; an estimate serves their clients better than a 404.
  if (reply.kind !== 'whole') return estimate()
  return new Response(reply.body, { status: reply.status, headers: { ...reply.headers } })
}

/** A count has nothing of an answer. */
const readReply = () => ({ usage: null, finish: null, logprob: null })
