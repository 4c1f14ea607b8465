import type { JsonObject } from '../core/json.ts'
import type { ChatMessage, ModelCapabilities, ModelEvent, ModelRequest, ModelTool } from '../llm/language-model.ts'
import type { ToolAnswer, TurnEvent, TurnLimits } from '../llm/turn.ts'

/** A turn as it is sent to another thread or process: what can be copied, and which of its functions there are. */
export type SentTurn = {
  readonly modelName: string
  readonly messages: readonly ChatMessage[]
  readonly rest: JsonObject
  readonly tools: readonly ModelTool[]
  readonly writes: readonly string[]
  readonly limits: Partial<TurnLimits>
  readonly isEager: boolean
  readonly endsSilently: boolean
  readonly looksBefore: boolean
}

/** A failure of the host, told to the child by the number under which the host keeps it. */
export type SentFailure = {
  readonly errorId: number
  readonly name: string
  readonly message: string
  /** Of an LlmBadResponseError. */
  readonly isCall?: boolean
}

/** What the host says: the turn, what it stops by, and answers by the number of the question. */
export type HostMessage =
  | { readonly type: 'begin'; readonly turn: SentTurn }
  | { readonly type: 'stop' }
  | { readonly type: 'gone' }
  | { readonly type: 'event'; readonly id: number; readonly event: ModelEvent }
  | { readonly type: 'over'; readonly id: number }
  | { readonly type: 'failure'; readonly id: number; readonly failure: SentFailure }
  | {
      readonly type: 'answer'
      readonly id: number
      readonly value: ToolAnswer | ModelCapabilities | readonly ChatMessage[]
    }

/** What the child says: questions to the model and the tools, and what happens in its turn. */
export type ChildMessage =
  | { readonly type: 'chat'; readonly id: number; readonly request: ModelRequest }
  | { readonly type: 'left'; readonly id: number }
  | { readonly type: 'capabilities'; readonly id: number; readonly model: string }
  | { readonly type: 'call'; readonly id: number; readonly name: string; readonly args: JsonObject }
  | { readonly type: 'before'; readonly id: number; readonly messages: readonly ChatMessage[] }
  | { readonly type: 'message'; readonly message: ChatMessage }
  | { readonly type: 'told'; readonly event: TurnEvent }
  | { readonly type: 'done' }
  /** `errorId`: one of the host's own. */
  | { readonly type: 'failed'; readonly errorId: number | undefined; readonly text: string }
