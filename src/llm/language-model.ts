import type { JsonObject, JsonValue } from '../core/json.ts'

/** A call that a model wants made. `arguments` is as the model wrote it: an object where it kept to the form. */
export type ToolCall = { readonly id: string; readonly name: string; readonly arguments: JsonValue }

/** One message of a conversation, whatever the wire it came over. */
export type ChatMessage = {
  readonly role: 'system' | 'user' | 'assistant' | 'tool'
  readonly content: string
  /** The reasoning of an assistant's turn. */
  readonly thinking?: string
  /** Bare base64, no `data:` prefix. */
  readonly images?: readonly string[]
  /** Of an assistant. */
  readonly toolCalls?: readonly ToolCall[]
  /** Of a `tool` message: which tool answered, and which call. Either may be missing in what a client sends. */
  readonly toolName?: string
  readonly toolCallId?: string
  /** Of an assistant's turn: what its provider wants back unchanged. Only the adapter that made it reads it. */
  readonly carry?: JsonValue
}

/** A tool as a model is told of it. `parameters` is a JSON Schema of an object. */
export type ModelTool = { readonly name: string; readonly description: string; readonly parameters: JsonObject }

/** One question to a model. */
export type ModelRequest = {
  readonly model: string
  readonly messages: readonly ChatMessage[]
  /** Empty: the model is told of none. The same array again costs nothing to serialise. */
  readonly tools: readonly ModelTool[]
  /**
   * Whatever else the caller said, in the words of Ollama's chat body: `options`, `format`, `keep_alive`, `think` …
   * It goes up as it came, but for a context size where the caller named none.
   */
  readonly rest: JsonObject
}

/** What a model's answer cost: tokens, and nanoseconds as the model server told them. 0 where it told nothing. */
export type ModelUsage = {
  readonly promptTokens: number
  readonly outputTokens: number
  readonly loadNs: number
  readonly promptNs: number
  readonly outputNs: number
  /** Of the prompt's tokens, those that the provider read from its cache; where it tells. */
  readonly cachedTokens?: number
}

/**
 * A piece of a model's answer. A stream ends with exactly one `end`, or throws an error of errors.ts.
 * `line` is the upstream's own NDJSON line without its line break, where it says just this piece and the wire was
 * Ollama's: a door that speaks the same may pass it on as it is.
 */
export type ModelEvent =
  | { readonly type: 'text' | 'thinking'; readonly text: string; readonly line?: Uint8Array }
  | { readonly type: 'call'; readonly call: ToolCall }
  | {
      readonly type: 'end'
      /** Ollama's word: `stop`, `length`, `load`, `unload`. */
      readonly reason: string
      readonly usage: ModelUsage
      /** The prompt filled its context to the brim: its beginning, tools first, was probably cut off. */
      readonly isPromptCut: boolean
      /** Goes into the message that this answer becomes. */
      readonly carry?: JsonValue
    }

/** What a model can do; undefined where its server does not tell. */
export type ModelCapabilities = { readonly tools: boolean | undefined; readonly contextLength: number | undefined }

/** How a question ended that had failed at first in a way that passes. Called on the hot path: never throws. */
export type OnTransient = (outcome: 'recovered' | 'failed') => void

/** A server of language models. */
export type LanguageModel = {
  /**
   * Asks, always as a stream. Firing the signal closes the upstream socket at once.
   * @throws LlmUnavailableError, LlmTimeoutError, LlmBadResponseError, LlmStreamCutError, LlmRefusedError,
   * LlmRateLimitError, LlmAuthError, LlmContextOverflowError, ModelNotFoundError, ToolsUnsupportedError
   */
  chat(request: ModelRequest, options: { readonly signal: AbortSignal }): AsyncIterable<ModelEvent>
  /** Remembered per model. @throws as `chat` does */
  capabilities(model: string, options: { readonly signal: AbortSignal }): Promise<ModelCapabilities>
  /** Is anybody there? @throws LlmUnavailableError, LlmTimeoutError */
  ping(options: { readonly signal: AbortSignal }): Promise<void>
  close(): Promise<void>
}

/** An answer passed on as it comes. */
export type Forwarded = {
  readonly status: number
  readonly contentType: string | undefined
  readonly body: AsyncIterable<Uint8Array>
}

/** Sends a request to the model server as it is and gives its answer as it is. @throws as `chat` does before the answer */
export type Forward = (request: {
  readonly method: 'GET' | 'POST' | 'DELETE' | 'HEAD'
  /** One of a fixed set: never a caller's own. */
  readonly path: string
  readonly body?: Uint8Array
  readonly signal: AbortSignal
}) => Promise<Forwarded>
