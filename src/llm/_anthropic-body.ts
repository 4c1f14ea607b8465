import type { JsonArray, JsonObject, JsonValue } from '../core/json.ts'
import { isJsonArray, isJsonObject, member } from '../core/json.ts'
import { placeBlocks } from './_anthropic-carry.ts'
import { completeToolMessages, toArgumentsObject } from './_history.ts'
import { mediaTypeOf } from './_image-type.ts'
import type { WireNames } from './_wire-names.ts'
import { wireNames } from './_wire-names.ts'
import type { ChatMessage, ModelRequest, ModelTool } from './language-model.ts'

/** A message of the wire: one speaker, and what they said in blocks. */
type WireMessage = { readonly role: 'user' | 'assistant'; readonly content: readonly JsonObject[] }

/** The protocol has no answer without a bound; this one where the caller names none. */
const defaultMaxTokens = 4_096

/**
 * The body of `POST /v1/messages`. What the system says is a field, results of one round stand together at the front of
 * the next message of the user, and blank texts are left out, since the server refuses them. `paused`: blocks of this
 * very turn, for a model that paused in it. What has no counterpart is left out.
 * Source: anthropic-sdk-typescript src/resources/messages/messages.ts.
 */
export function encodeAnthropicChat({ model, messages, tools, rest }: ModelRequest, paused: JsonArray = []): string {
  const names = wireNames(tools)
  const spoken = completeToolMessages(messages).filter(({ role }) => role !== 'system')
  const system = messages.filter(({ role, content }) => role === 'system' && content.trim() !== '')
  const turns = joinSpeakers(spoken.map((message) => encodeMessage(message, names)))
  const body = {
    model,
    stream: true,
    ...encodeOptions(member(rest, 'options')),
    ...encodeThink(member(rest, 'think')),
    ...(system.length > 0 ? { system: system.map(({ content }) => content).join('\n\n') } : {}),
    messages: [...turns, ...(paused.length > 0 ? [{ role: 'assistant', content: paused }] : [])],
  }
  const text = JSON.stringify(body)
  return tools.length === 0 ? text : `${text.slice(0, -1)},"tools":${toolsText(names.tools)}}`
}

/** The texts of tool lists, made once a list. */
const texts = new WeakMap<readonly ModelTool[], string>()

function toolsText(tools: readonly ModelTool[]): string {
  const known = texts.get(tools)
  if (known !== undefined) return known
  const text = JSON.stringify(tools.map(encodeTool))
  texts.set(tools, text)
  return text
}

const encodeTool = ({ name, description, parameters }: ModelTool): JsonObject => ({
  name,
  description,
  input_schema: { type: 'object', properties: {}, ...parameters },
})

function encodeOptions(options: JsonValue | undefined): JsonObject {
  if (!isJsonObject(options)) return { max_tokens: defaultMaxTokens }
  const limit = member(options, 'num_predict')
  const isLimited = typeof limit === 'number' && limit > 0 // −1 and −2 mean without limit
  const same = (['temperature', 'top_p'] as const).flatMap((key) => {
    const value = member(options, key)
    return typeof value === 'number' ? [[key, value] as const] : []
  })
  const stop = member(options, 'stop') ?? []
  const stops = (isJsonArray(stop) ? stop : [stop]).filter((one) => typeof one === 'string' && one.trim() !== '')
  return {
    max_tokens: isLimited ? limit : defaultMaxTokens,
    ...Object.fromEntries(same),
    ...(stops.length > 0 ? { stop_sequences: stops } : {}),
  }
}

/** Models from 4.6 on choose how long they think; how hard can be said. Without a word of the caller it is the model's affair. */
function encodeThink(think: JsonValue | undefined): JsonObject {
  const isEffort = think === 'low' || think === 'medium' || think === 'high'
  if (think !== true && !isEffort) return {}
  return { thinking: { type: 'adaptive' }, ...(isEffort ? { output_config: { effort: think } } : {}) }
}

function encodeMessage(message: ChatMessage, names: WireNames): WireMessage {
  const { role, content, images = [], toolCalls = [], toolCallId = '', carry } = message
  const text = content.trim() === '' ? [] : [{ type: 'text', text: content }]
  if (role === 'tool')
    return { role: 'user', content: [{ type: 'tool_result', tool_use_id: fitId(toolCallId), content }] }
  if (role !== 'assistant') return { role: 'user', content: [...images.map(encodeImage), ...text] }
  const calls = toolCalls.map(({ id, name, arguments: args }) => {
    const block = { type: 'tool_use', id: fitId(id), name: names.encode(name), input: toArgumentsObject(args) }
    return { id, block }
  })
  return { role: 'assistant', content: placeBlocks(carry, { text, calls }) }
}

/** Ids of other wires may hold what this one refuses. */
const fitId = (id: string): string => id.replace(/[^\w-]/g, '_') || '_'

const encodeImage = (image: string): JsonObject => ({
  type: 'image',
  source: { type: 'base64', media_type: mediaTypeOf(image), data: image },
})

/** Messages of one speaker in a row are one message: so results of a round stand together, before what the user adds. */
function joinSpeakers(messages: readonly WireMessage[]): readonly WireMessage[] {
  const joined: WireMessage[] = []
  for (const { role, content } of messages) {
    if (content.length === 0) continue
    const last = joined.at(-1)
    if (last?.role === role) joined.splice(-1, 1, { role, content: [...last.content, ...content] })
    else joined.push({ role, content })
  }
  return joined
}
