import type { Chat } from '../../chat/chat.ts'
import type { Clock } from '../../core/clock.ts'
import type { Forward } from '../../llm/language-model.ts'
import type { ChatCallerOf } from '../chat-caller.ts'
import type { ToolCards } from './tool-card.ts'

/** What the Ollama door and `/generate` need. */
export type OllamaDeps = {
  readonly chat: Chat
  /** The way to the model server as it is; undefined where that is not an Ollama. */
  readonly forward: Forward | undefined
  readonly defaultModel: string
  readonly chatCaller: ChatCallerOf
  readonly clock: Pick<Clock, 'nowMs'>
  /** May callers pull, create, copy, push and delete models? */
  readonly allowAdmin: boolean
  readonly toolCards: ToolCards
  /** Images come inside bodies: 10 MiB is usual. */
  readonly maxBodyBytes: number
}
