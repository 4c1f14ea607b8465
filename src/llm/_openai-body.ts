import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonObject, member } from '../core/json.ts'
import { completeToolMessages, toArgumentsObject } from './_history.ts'
import { mediaTypeOf } from './_image-type.ts'
import { toolsText } from './_model-tools.ts'
import { wireNames } from './_wire-names.ts'
import type { ChatMessage, ModelRequest, ToolCall } from './language-model.ts'

/** What differs between servers of this protocol. */
export type OpenAiForm = {
  /** Newer models of OpenAI refuse `max_tokens`; most other servers know only that. */
  readonly maxTokensKey: 'max_tokens' | 'max_completion_tokens'
}

/**
 * The body of `POST /chat/completions`: what has a counterpart there is said in its words, the rest is left out.
 * Source: openai-node src/resources/chat/completions/completions.ts.
 */
export function encodeOpenAiChat({ model, messages, tools, rest }: ModelRequest, form: OpenAiForm): string {
  const names = wireNames(tools)
  const body = {
    model,
    messages: completeToolMessages(messages).map((message) => encodeMessage(message, names.encode)),
    stream: true,
    stream_options: { include_usage: true },
    ...encodeOptions(member(rest, 'options'), form),
    ...encodeFormat(member(rest, 'format')),
    ...encodeThink(member(rest, 'think')),
  }
  const text = JSON.stringify(body)
  return tools.length === 0 ? text : `${text.slice(0, -1)},"tools":${toolsText(names.tools)}}`
}

const sameOptions = ['temperature', 'top_p', 'seed', 'stop'] as const

function encodeOptions(options: JsonValue | undefined, { maxTokensKey }: OpenAiForm): JsonObject {
  if (!isJsonObject(options)) return {}
  const same = sameOptions.map((key) => [key, member(options, key)] as const)
  const told = same.filter((entry): entry is [(typeof sameOptions)[number], JsonValue] => (entry[1] ?? null) !== null)
  const limit = member(options, 'num_predict')
  const isLimited = typeof limit === 'number' && limit > 0 // −1 and −2 mean without limit
  return { ...Object.fromEntries(told), ...(isLimited ? { [maxTokensKey]: limit } : {}) }
}

function encodeFormat(format: JsonValue | undefined): JsonObject {
  if (format === 'json') return { response_format: { type: 'json_object' } }
  if (!isJsonObject(format)) return {}
  return { response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: format } } }
}

/** Whether it thinks at all is the model's own affair on this wire; only how hard can be said. */
const encodeThink = (think: JsonValue | undefined): JsonObject =>
  think === 'low' || think === 'medium' || think === 'high' ? { reasoning_effort: think } : {}

function encodeMessage(message: ChatMessage, encodeName: (name: string) => string): JsonObject {
  const { role, content, images = [], toolCalls = [], toolName, toolCallId } = message
  if (role === 'tool') return { role, content, tool_call_id: toolCallId ?? toolName ?? '' }
  if (role === 'assistant' && toolCalls.length > 0)
    return {
      role,
      content: content === '' ? null : content,
      tool_calls: toolCalls.map((call) => encodeCall(call, encodeName)),
    }
  return { role, content: images.length === 0 ? content : encodeParts(content, images) }
}

/** `arguments` as the text of an object: templates of other servers parse it, and fail as a whole when they cannot. */
const encodeCall = ({ id, name, arguments: args }: ToolCall, encodeName: (name: string) => string): JsonObject => ({
  id,
  type: 'function',
  function: { name: encodeName(name), arguments: JSON.stringify(toArgumentsObject(args)) },
})

const encodeParts = (content: string, images: readonly string[]): JsonValue => [
  ...(content === '' ? [] : [{ type: 'text', text: content }]),
  ...images.map((image) => ({ type: 'image_url', image_url: { url: `data:${mediaTypeOf(image)};base64,${image}` } })),
]
