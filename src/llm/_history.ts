import { jsonrepair } from 'jsonrepair'
import { decodeJson } from '../core/decode-json.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonObject } from '../core/json.ts'
import type { ChatMessage, ToolCall } from './language-model.ts'

/**
 * The conversation with both names on every tool message, where the calls before it tell them: clients send the id or
 * the tool's name, and the templates of small models want the name. A message with neither answers the oldest call
 * that nobody has answered.
 */
export function completeToolMessages(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  let open: readonly ToolCall[] = []
  return messages.map((message) => {
    if (message.toolCalls !== undefined) open = message.toolCalls
    if (message.role !== 'tool') return message
    const answered = open.find((call) => isAnsweredBy(call, message))
    if (answered === undefined) return message
    open = open.filter((call) => call !== answered)
    return { ...message, toolName: answered.name, toolCallId: answered.id }
  })
}

const isAnsweredBy = ({ id, name }: ToolCall, { toolCallId, toolName }: ChatMessage): boolean =>
  toolCallId === undefined ? toolName === undefined || toolName === name : toolCallId === id

/**
 * The arguments of an earlier call as an object, which both wires need: Ollama refuses the whole request otherwise. A
 * text is read, repaired once if it must be; what is no object then says nothing. Nothing is run from the outcome.
 */
export function toArgumentsObject(args: JsonValue): JsonObject {
  if (isJsonObject(args)) return args
  if (typeof args !== 'string') return {}
  return readObject(args) ?? readObject(repair(args)) ?? {}
}

function readObject(text: string): JsonObject | undefined {
  try {
    const json = decodeJson(text)
    return isJsonObject(json) ? json : undefined
  } catch {
    return undefined
  }
}

function repair(text: string): string {
  try {
    return jsonrepair(text)
  } catch {
    return ''
  }
}
