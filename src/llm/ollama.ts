import type { Dispatcher } from 'undici'
import type { BoundedMap } from '../core/bounded-map.ts'
import { createBoundedMap } from '../core/bounded-map.ts'
import type { Clock } from '../core/clock.ts'
import type { JsonObject } from '../core/json.ts'
import { isJsonArray, member } from '../core/json.ts'
import { createCallId } from './_call-id.ts'
import { createOllamaDecoder } from './_ollama-answer.ts'
import { contextSizeOf, encodeOllamaChat } from './_ollama-body.ts'
import { askPatiently, readText } from './_patience.ts'
import { refusalOf } from './_refusal.ts'
import { streamEvents } from './_stream.ts'
import type { Answer, Asked, Upstream, UpstreamLimits } from './_upstream.ts'
import { openUpstream } from './_upstream.ts'
import { withinMs } from './_watch.ts'
import { objectMember, parseWireObject } from './_wire-json.ts'
import { LlmUnavailableError } from './errors.ts'
import type { LanguageModel, ModelCapabilities, ModelEvent, ModelRequest, OnTransient } from './language-model.ts'

export type OllamaOptions = {
  /** Base address; a path in front is kept. */
  readonly url: string
  /** Context size in tokens where a caller names none. */
  readonly numCtx: number
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  readonly limits?: Partial<UpstreamLimits>
  readonly onTransient?: OnTransient
}

/** A request that goes up as it is. Of the caller's headers none goes along. */
export type ForwardRequest = {
  readonly method: Dispatcher.HttpMethod
  /** One of a fixed set, never built from what a caller sent. */
  readonly path: string
  /** JSON. */
  readonly body?: Uint8Array
  readonly signal: AbortSignal
}

/** An answer as it came. The body has to be read to its end, or left: leaving it closes the upstream socket. */
export type ForwardAnswer = {
  readonly status: number
  readonly contentType: string | undefined
  /** Throws LlmStreamCutError when it breaks off, LlmTimeoutError when it stands still. */
  readonly body: AsyncIterable<Uint8Array>
}

/** An Ollama server. */
export type OllamaModel = LanguageModel & {
  /** @throws LlmUnavailableError, LlmTimeoutError, LlmBadResponseError for a redirect */
  forward(request: ForwardRequest): Promise<ForwardAnswer>
}

const defaultLimits: UpstreamLimits = {
  connectMs: 1000,
  firstByteMs: 600_000,
  idleMs: 120_000,
  maxLineBytes: 8 * 1024 * 1024,
}

const pingMs = 2000
const capabilitiesMs = 10_000
const maxShowBytes = 16 * 1024 * 1024
const rememberMs = 300_000
const maxRemembered = 256

type Remembered = { readonly capabilities: ModelCapabilities; readonly untilMs: number }

type Parts = OllamaOptions & {
  readonly upstream: Upstream
  readonly bounds: UpstreamLimits
  readonly remembered: BoundedMap<string, Remembered>
}

/** A client of Ollama's own protocol. @throws TypeError when `url` is no address */
export function createOllama(options: OllamaOptions): OllamaModel {
  const bounds = { ...defaultLimits, ...options.limits }
  const upstream = openUpstream(options.url, { clock: options.clock, connectMs: bounds.connectMs })
  const parts = { ...options, bounds, upstream, remembered: createBoundedMap<string, Remembered>(maxRemembered) }
  return {
    chat: (request, { signal }) => chat(parts, request, signal),
    capabilities: (model, { signal }) => capabilities(parts, model, signal),
    ping: ({ signal }) => withinMs(pingMs, { clock: options.clock, signal }, (bounded) => ping(parts, bounded)),
    forward: (request) => forward(parts, request),
    close: () => upstream.close(),
  }
}

const chat = (parts: Parts, request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelEvent> =>
  streamEvents({
    open: () => askJson(parts, { path: '/api/chat', text: encodeOllamaChat(request, parts.numCtx), request, signal }),
    decoder: createOllamaDecoder({
      newCallId: () => createCallId(parts.random),
      contextSize: contextSizeOf(request.rest, parts.numCtx),
    }),
    signal,
    maxLineBytes: parts.bounds.maxLineBytes,
  })

type JsonQuestion = {
  readonly path: string
  readonly text: string
  readonly request: { readonly model: string }
  readonly signal: AbortSignal
}

/** Posts JSON until the server has time for it. @throws the error that a status other than 2xx stands for */
async function askJson(parts: Parts, { path, text, request, signal }: JsonQuestion): Promise<Answer> {
  const asked = { method: 'POST', path, body: text, headers: jsonHeaders, ...waits(parts), signal } satisfies Asked
  const answer = await askPatiently(parts.upstream, asked, parts)
  if (answer.status >= 300) throw await refusalOf(answer, request)
  return answer
}

const jsonHeaders = { 'content-type': 'application/json' }
const waits = ({ bounds: { firstByteMs, idleMs } }: Parts) => ({ firstByteMs, idleMs })

async function capabilities(parts: Parts, model: string, signal: AbortSignal): Promise<ModelCapabilities> {
  const { clock, remembered } = parts
  const known = remembered.get(model)
  if (known !== undefined && clock.monotonicMs() < known.untilMs) return known.capabilities
  const shown = await withinMs(capabilitiesMs, { clock, signal }, async (bounded) => {
    const text = JSON.stringify({ model })
    const answer = await askJson(parts, { path: '/api/show', text, request: { model }, signal: bounded })
    return parseWireObject(await readText(answer, maxShowBytes))
  })
  const found = decodeCapabilities(shown)
  remembered.set(model, { capabilities: found, untilMs: clock.monotonicMs() + rememberMs })
  return found
}

/** Source: `ShowResponse` of Ollama api/types.go; its older versions tell no capabilities. */
function decodeCapabilities(shown: JsonObject): ModelCapabilities {
  const list = member(shown, 'capabilities')
  const info = objectMember(shown, 'model_info')
  // A model that sees has a second part with a length of its own: the architecture says which one counts.
  const own = member(info, `${member(info, 'general.architecture')}.context_length`)
  const first = Object.entries(info).find(([key]) => key.endsWith('.context_length'))?.[1]
  const contextLength = own ?? first
  return {
    tools: isJsonArray(list) ? list.includes('tools') : undefined,
    contextLength: typeof contextLength === 'number' && contextLength > 0 ? contextLength : undefined,
  }
}

async function ping(parts: Parts, signal: AbortSignal): Promise<void> {
  const answer = await parts.upstream.ask({ method: 'GET', path: '/api/version', ...waits(parts), signal })
  answer.release()
  if (answer.status !== 200) throw new LlmUnavailableError('The model server is not well.')
}

async function forward(parts: Parts, { method, path, body, signal }: ForwardRequest): Promise<ForwardAnswer> {
  if (!/^\/[\w./:-]*$/.test(path) || path.includes('..')) throw new TypeError('A path of the fixed set is needed.')
  // Ollama is silent for minutes while it checks what it pulled: such a silence may last as long as the first one.
  const { firstByteMs } = parts.bounds
  const sent = body === undefined ? {} : { body, headers: jsonHeaders }
  const answer = await parts.upstream.ask({ method, path, ...sent, firstByteMs, idleMs: firstByteMs, signal })
  const contentType = answer.headers['content-type']
  return {
    status: answer.status,
    contentType: typeof contentType === 'string' ? contentType : undefined,
    body: chunksOf(answer),
  }
}

async function* chunksOf(answer: Answer): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for (let chunk = await answer.read(); chunk !== undefined; chunk = await answer.read()) yield chunk
  } finally {
    answer.close()
  }
}
