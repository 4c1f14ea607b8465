import type { JsonObject } from '../core/json.ts'
import { isJsonObject, member } from '../core/json.ts'
import { completeToolMessages, toArgumentsObject } from './_history.ts'
import { toolsText } from './_model-tools.ts'
import type { ChatMessage, ModelRequest, ToolCall } from './language-model.ts'

/**
 * The body of `POST /api/chat`. What the caller said besides stays as it is, but for a context size where it named none.
 * Source: `ChatRequest` and `Message` of Ollama api/types.go.
 */
export function encodeOllamaChat({ model, messages, tools, rest }: ModelRequest, numCtx: number): string {
  const { tools: _, ...others } = rest
  const body = {
    ...others,
    ...withContextSize(rest, numCtx),
    model,
    stream: true,
    messages: completeToolMessages(messages).map(encodeMessage),
  }
  const text = JSON.stringify(body)
  return tools.length === 0 ? text : `${text.slice(0, -1)},"tools":${toolsText(tools)}}`
}

/** The context size in force, in tokens: the caller's, else ours. */
export function contextSizeOf(rest: JsonObject, numCtx: number): number {
  const options = member(rest, 'options')
  const wanted = isJsonObject(options) ? member(options, 'num_ctx') : undefined
  return typeof wanted === 'number' && wanted > 0 ? wanted : numCtx
}

/** Without it Ollama may take 4,096 tokens and cut the tools off the front of a prompt that is longer. */
function withContextSize(rest: JsonObject, numCtx: number): JsonObject {
  const options = member(rest, 'options') ?? {}
  if (!isJsonObject(options)) return {} // the server itself says what is wrong with it
  return (member(options, 'num_ctx') ?? null) === null ? { options: { ...options, num_ctx: numCtx } } : {}
}

const encodeMessage = ({
  role,
  content,
  thinking,
  images,
  toolCalls,
  toolName,
  toolCallId,
}: ChatMessage): JsonObject => ({
  role,
  content,
  ...(thinking === undefined ? {} : { thinking }),
  ...(images === undefined || images.length === 0 ? {} : { images }),
  ...(toolCalls === undefined || toolCalls.length === 0 ? {} : { tool_calls: toolCalls.map(encodeCall) }),
  ...(toolName === undefined ? {} : { tool_name: toolName }),
  ...(toolCallId === undefined ? {} : { tool_call_id: toolCallId }),
})

/** `arguments` as an object: a text there makes Ollama refuse the whole request. */
const encodeCall = ({ id, name, arguments: args }: ToolCall, index: number): JsonObject => ({
  id,
  function: { index, name, arguments: toArgumentsObject(args) },
})
