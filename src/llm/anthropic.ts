import type { Clock } from '../core/clock.ts'
import type { Paused } from './_anthropic-answer.ts'
import { createAnthropicDecoder } from './_anthropic-answer.ts'
import { encodeAnthropicChat } from './_anthropic-body.ts'
import { createCallId } from './_call-id.ts'
import { loaded } from './_loaded.ts'
import { askPatiently } from './_patience.ts'
import { refusalOf } from './_refusal.ts'
import { streamEvents } from './_stream.ts'
import type { Answer, Upstream, UpstreamLimits } from './_upstream.ts'
import { openUpstream } from './_upstream.ts'
import { withinMs } from './_watch.ts'
import { wireNames } from './_wire-names.ts'
import { LlmBadResponseError } from './errors.ts'
import type { LanguageModel, ModelEvent, ModelRequest, OnTransient } from './language-model.ts'

export type AnthropicOptions = {
  /** Base address without a version, such as `https://api.anthropic.com`. */
  readonly url: string
  /** Goes up as `x-api-key`, and never into an error. Without one the server says whether it wants one. */
  readonly apiKey?: string
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  readonly limits?: Partial<UpstreamLimits>
  readonly onTransient?: OnTransient
}

/** Connecting may take longer than to a machine next door: TLS over the internet. */
const defaultLimits: UpstreamLimits = {
  connectMs: 5000,
  firstByteMs: 600_000,
  idleMs: 120_000,
  maxLineBytes: 8 * 1024 * 1024,
}

const pingMs = 2000
/** The smallest among the models that are served today. */
const contextLength = 200_000
/** How often a model may pause in one turn. */
const maxPauses = 8

type Parts = AnthropicOptions & {
  readonly upstream: Upstream
  readonly bounds: UpstreamLimits
  readonly headers: Readonly<Record<string, string>>
}

/** A client of servers that speak Anthropic's Messages API. @throws TypeError when `url` is no address */
export function createAnthropic(options: AnthropicOptions): LanguageModel {
  const { url, apiKey, clock } = options
  const bounds = { ...defaultLimits, ...options.limits }
  const upstream = openUpstream(url, { clock, connectMs: bounds.connectMs })
  const key = apiKey === undefined ? {} : { 'x-api-key': apiKey }
  const parts = { ...options, bounds, upstream, headers: { 'anthropic-version': '2023-06-01', ...key } }
  return {
    chat: (request, { signal }) => (request.messages.length === 0 ? loaded(request) : chat(parts, request, signal)),
    capabilities: async () => ({ tools: true, contextLength }),
    ping: ({ signal }) => withinMs(pingMs, { clock, signal }, (bounded) => ping(parts, bounded)),
    close: () => upstream.close(),
  }
}

/** One answer; where the model pauses in it, it is asked to go on. */
async function* chat(
  parts: Parts,
  request: ModelRequest,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent, void, undefined> {
  let before: Paused | undefined
  for (let pauses = 0; pauses <= maxPauses; pauses++) {
    const decoder = createAnthropicDecoder({
      newCallId: () => createCallId(parts.random),
      decodeName: wireNames(request.tools).decode,
      maxBytes: parts.bounds.maxLineBytes,
      secret: parts.apiKey,
      before,
    })
    const paused = before?.blocks ?? []
    const open = () => ask(parts, request.model, encodeAnthropicChat(request, paused), signal)
    yield* streamEvents({ open, decoder, signal, maxLineBytes: parts.bounds.maxLineBytes, keepBlank: true })
    if (decoder.paused === undefined) return
    before = decoder.paused
  }
  throw new LlmBadResponseError('The model paused too often.')
}

async function ask(parts: Parts, model: string, body: string, signal: AbortSignal): Promise<Answer> {
  const { upstream, bounds, apiKey } = parts
  const headers = { ...parts.headers, 'content-type': 'application/json' }
  const waits = { firstByteMs: bounds.firstByteMs, idleMs: bounds.idleMs, signal }
  const answer = await askPatiently(upstream, { method: 'POST', path: '/v1/messages', body, headers, ...waits }, parts)
  if (answer.status >= 300) throw await refusalOf(answer, { model, secret: apiKey, wantsKey: true })
  return answer
}

/** Any answer is life: whether the key is right shows when something is asked, and costs nobody a question here. */
async function ping({ upstream, bounds, headers }: Parts, signal: AbortSignal): Promise<void> {
  const { firstByteMs, idleMs } = bounds
  const answer = await upstream.ask({ method: 'GET', path: '/v1/models', headers, firstByteMs, idleMs, signal })
  answer.release()
}
