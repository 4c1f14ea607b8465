import type { JsonObject } from '../core/json.ts'
import type { ChatMessage, ModelTool } from '../llm/language-model.ts'
import type { TurnEvent } from '../llm/turn.ts'

/** Who runs the tools of this service in a turn: the service, the client itself, or nobody. */
export type ToolsMode = 'run' | 'client' | 'off'

/** A chat request of any door, in one shape. */
export type ChatRequest = {
  readonly model: string
  readonly messages: readonly ChatMessage[]
  /** The caller's own tools, as it described them. */
  readonly tools: readonly ModelTool[]
  readonly mode: ToolsMode
  /** The rest of the body in the words of Ollama's chat body: `options`, `format`, `keep_alive`, `think` … */
  readonly rest: JsonObject
}

/** Who asks. */
export type ChatCaller = {
  readonly traceId: string
  readonly principal: string
  /** The client's own name for the conversation, where it sends one. */
  readonly sessionId?: string
  /** The client's key for this request as a whole. */
  readonly idempotencyKey?: string
  /**
   * A prompt by itself, outside any conversation: once it was answered whole, the same words are a new wish. In a
   * conversation they are what a page sends to have its answer made anew.
   */
  readonly isOneShot?: true
  /** Fires when the client hangs up. */
  readonly gone: AbortSignal
}

/** May whoever has this name decide on writes that wait for a person? */
export type MayDecide = (principal: string) => boolean

/** The conversation about games: what every chat door asks, and encodes in its own way. */
export type Chat = {
  /**
   * One turn: the persona and the board go in, tools run, what the model says is checked against the ledger.
   * @throws errors of llm/errors.ts
   */
  turn(request: ChatRequest, caller: ChatCaller): AsyncIterable<TurnEvent>
  /** The model that is used where a caller names none. */
  readonly defaultModel: string
  /** From now on no turn goes on to another round. */
  stop(): void
}
