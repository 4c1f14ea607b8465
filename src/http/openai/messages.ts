import { jsonrepair } from 'jsonrepair'
import { z } from 'zod'
import { decodeJson } from '../../core/decode-json.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { isJsonObject } from '../../core/json.ts'
import type { ChatMessage, ToolCall } from '../../llm/language-model.ts'

/** The bytes of an image; nothing is fetched, so that nobody can make this service call others. @see RFC 2397 */
const ImageUrl = z
  .string()
  .regex(
    /^data:image\/[\w.+-]+(?:;[\w.+-]+=[\w.+-]+)*;base64,[A-Za-z0-9+/]+={0,2}$/,
    'Send the image itself, as a data: URL in base64; nothing is fetched.',
  )
  .transform((url) => url.slice(url.indexOf(',') + 1))

const Part = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('refusal'), refusal: z.string() }),
  z.object({ type: z.literal('image_url'), image_url: z.object({ url: ImageUrl }) }),
])

const Content = z.union([z.string(), z.array(Part)]).nullish()
type Content = z.output<typeof Content>

// The cast holds: a body is what decodeJson made.
const Arguments = z.union([z.string(), z.custom<JsonObject>((value) => isJsonObject(value as JsonValue))]).nullish()

const Call = z.object({
  id: z.string().default(''),
  type: z.literal('function').optional(),
  function: z.object({ name: z.string().min(1), arguments: Arguments }),
})

/** One message of a request's history. */
export const OpenAiMessage = z.discriminatedUnion('role', [
  z.object({ role: z.enum(['system', 'developer', 'user']), content: Content }),
  z.object({
    role: z.literal('assistant'),
    content: Content,
    tool_calls: z.array(Call).nullish(),
    reasoning_content: z.string().nullish(),
    reasoning: z.string().nullish(),
  }),
  z.object({
    role: z.literal('tool'),
    content: Content,
    tool_call_id: z.string().optional(),
    name: z.string().optional(),
  }),
])
export type OpenAiMessage = z.output<typeof OpenAiMessage>

/** The history in the one shape of all doors: a tool's answer gets the name that its call had. */
export function toChatMessages(messages: readonly OpenAiMessage[]): ChatMessage[] {
  const namesById = new Map<string, string>()
  return messages.map((message): ChatMessage => {
    const base = contentOf(message.content)
    switch (message.role) {
      case 'assistant': {
        const toolCalls = (message.tool_calls ?? []).map(toToolCall)
        for (const { id, name } of toolCalls) namesById.set(id, name)
        const thinking = message.reasoning_content ?? message.reasoning
        return {
          role: 'assistant',
          ...base,
          ...(thinking ? { thinking } : {}),
          ...(toolCalls.length > 0 ? { toolCalls } : {}),
        }
      }
      case 'tool': {
        const { tool_call_id: toolCallId, name } = message
        const toolName = (toolCallId === undefined ? undefined : namesById.get(toolCallId)) ?? name
        return {
          role: 'tool',
          ...base,
          ...(toolName === undefined ? {} : { toolName }),
          ...(toolCallId === undefined ? {} : { toolCallId }),
        }
      }
      default:
        return { role: message.role === 'developer' ? 'system' : message.role, ...base }
    }
  })
}

/** Parts of text are lines of one text. */
function contentOf(content: Content): Pick<ChatMessage, 'content' | 'images'> {
  if (typeof content === 'string') return { content }
  const parts = content ?? []
  const texts = parts.flatMap((part) =>
    part.type === 'image_url' ? [] : part.type === 'text' ? part.text : part.refusal,
  )
  const images = parts.flatMap((part) => (part.type === 'image_url' ? part.image_url.url : []))
  return { content: texts.join('\n'), ...(images.length > 0 ? { images } : {}) }
}

const toToolCall = ({ id, function: { name, arguments: args } }: z.output<typeof Call>): ToolCall => ({
  id,
  name,
  arguments: typeof args === 'string' ? readArguments(args) : (args ?? {}),
})

/** More is not worth a repair: no call of ours takes as much. */
const maxRepairLength = 16_384

/**
 * The arguments of a call that was made before, written as text. What cannot be read even after one repair becomes `{}`:
 * the message after it holds what the tool said about it, and refusing the request would end the conversation for good.
 */
export function readArguments(text: string): JsonObject {
  for (const read of [() => text, () => (text.length > maxRepairLength ? '' : jsonrepair(text))]) {
    const value = decoded(read)
    const again = typeof value === 'string' ? decoded(() => value) : value // some write the text of a text
    if (isJsonObject(again)) return again
  }
  return {}
}

function decoded(read: () => string): JsonValue | undefined {
  try {
    return decodeJson(read(), { forbidden: 'schema' })
  } catch {
    return undefined // a history is not refused for what a model once wrote
  }
}
