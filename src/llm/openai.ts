import type { Clock } from '../core/clock.ts'
import { createCallId } from './_call-id.ts'
import { loaded } from './_loaded.ts'
import { createOpenAiDecoder } from './_openai-answer.ts'
import type { OpenAiForm } from './_openai-body.ts'
import { encodeOpenAiChat } from './_openai-body.ts'
import { askPatiently } from './_patience.ts'
import { refusalOf } from './_refusal.ts'
import { streamEvents } from './_stream.ts'
import type { Answer, Upstream, UpstreamLimits } from './_upstream.ts'
import { openUpstream } from './_upstream.ts'
import { withinMs } from './_watch.ts'
import { wireNames } from './_wire-names.ts'
import { LlmAuthError, LlmUnavailableError } from './errors.ts'
import type { LanguageModel, ModelEvent, ModelRequest, OnTransient } from './language-model.ts'

export type OpenAiOptions = {
  /** Base address with its version, such as `https://api.openai.com/v1`. */
  readonly url: string
  /** Goes up as a bearer token, and never into an error. */
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

type Parts = OpenAiOptions & {
  readonly upstream: Upstream
  readonly bounds: UpstreamLimits
  readonly form: OpenAiForm
  readonly headers: Readonly<Record<string, string>>
}

/** A client of servers that speak OpenAI's chat completions. @throws TypeError when `url` is no address */
export function createOpenAi(options: OpenAiOptions): LanguageModel {
  const { url, apiKey, clock } = options
  const bounds = { ...defaultLimits, ...options.limits }
  const upstream = openUpstream(url, { clock, connectMs: bounds.connectMs })
  const isOpenAi = new URL(url).hostname === 'api.openai.com'
  const form: OpenAiForm = { maxTokensKey: isOpenAi ? 'max_completion_tokens' : 'max_tokens' }
  const headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }
  const parts = { ...options, bounds, upstream, form, headers }
  return {
    chat: (request, { signal }) => (request.messages.length === 0 ? loaded(request) : chat(parts, request, signal)),
    capabilities: async () => ({ tools: undefined, contextLength: undefined }),
    ping: ({ signal }) => withinMs(pingMs, { clock, signal }, (bounded) => ping(parts, bounded)),
    close: () => upstream.close(),
  }
}

const chat = (parts: Parts, request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelEvent> =>
  streamEvents({
    open: () => ask(parts, request, signal),
    decoder: createOpenAiDecoder({
      newCallId: () => createCallId(parts.random),
      decodeName: wireNames(request.tools).decode,
      maxBytes: parts.bounds.maxLineBytes,
      secret: parts.apiKey,
    }),
    signal,
    maxLineBytes: parts.bounds.maxLineBytes,
    keepBlank: true,
  })

async function ask(parts: Parts, request: ModelRequest, signal: AbortSignal): Promise<Answer> {
  const { upstream, bounds, form, apiKey } = parts
  const body = encodeOpenAiChat(request, form)
  const headers = { ...parts.headers, 'content-type': 'application/json' }
  const waits = { firstByteMs: bounds.firstByteMs, idleMs: bounds.idleMs, signal }
  const asked = { method: 'POST', path: '/chat/completions', body, headers, ...waits } as const
  const answer = await askPatiently(upstream, asked, parts)
  if (answer.status >= 300) throw await refusalOf(answer, { model: request.model, secret: apiKey, wantsKey: true })
  return answer
}

/** Some servers list no models: that they answer is enough, unless it is that the key is wrong or that they are ill. */
async function ping({ upstream, bounds, headers, apiKey }: Parts, signal: AbortSignal): Promise<void> {
  const { firstByteMs, idleMs } = bounds
  const answer = await upstream.ask({ method: 'GET', path: '/models', headers, firstByteMs, idleMs, signal })
  answer.release()
  const { status } = answer
  if (status === 401 || status === 403) throw new LlmAuthError({ hasKey: apiKey !== undefined })
  if (status >= 500) throw new LlmUnavailableError('The model server is not well.')
}
