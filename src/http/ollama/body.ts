import { z } from 'zod'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { isJsonObject } from '../../core/json.ts'
import type { ChatMessage, ModelTool, ToolCall } from '../../llm/language-model.ts'
import { InvalidRequestError } from '../errors.ts'
import { memberPath } from '../member-path.ts'
import { maxModelName, modelNamePattern } from '../model-name.ts'

// Null is what Go takes for absent. @see Ollama api/types.go
const text = z.string({ error: 'must be a string' })
const flag = z.boolean({ error: 'must be true or false' })
const texts = z.array(text, { error: 'must be a list of strings' })
// The cast holds: a body is what decodeJson made.
const jsonObject = z.custom<JsonObject>((value) => isJsonObject(value as JsonValue), { error: 'must be an object' })

/** Which model is asked. */
export const ModelName = text
  .max(maxModelName, { error: `must have at most ${maxModelName} characters` })
  .regex(modelNamePattern, { error: 'is not a name of a model' })

const CallBody = z.object(
  {
    id: text.nullish(),
    function: z.object({ name: text, arguments: jsonObject.nullish() }, { error: 'must be an object' }),
  },
  { error: 'must be an object' },
)

const MessageBody = z.object(
  {
    role: text
      .toLowerCase()
      .pipe(z.enum(['system', 'user', 'assistant', 'tool'], { error: 'must be system, user, assistant or tool' })),
    content: text.nullish(),
    thinking: text.nullish(),
    images: texts.nullish(),
    tool_calls: z.array(CallBody, { error: 'must be a list' }).nullish(),
    tool_name: text.nullish(),
    tool_call_id: text.nullish(),
  },
  { error: 'must be an object' },
)
type MessageBody = z.output<typeof MessageBody>

const ToolBody = z.object(
  {
    type: z.literal('function', { error: 'must be "function"' }).nullish(),
    function: z.object(
      {
        name: text.min(1, { error: 'must not be empty' }),
        description: text.nullish(),
        parameters: jsonObject.nullish(),
      },
      { error: 'must be an object' },
    ),
  },
  { error: 'must be an object' },
)

/** The body of a chat in Ollama's words. */
export const ChatBody = z.object({
  model: ModelName.nullish(),
  messages: z
    .array(MessageBody, { error: 'must be a list' })
    .max(2_000, { error: 'must have at most 2000 entries' })
    .nullish(),
  stream: flag.nullish(),
  tools: z.array(ToolBody, { error: 'must be a list' }).nullish(),
  options: jsonObject.nullish(),
})

/** A chat as it was asked for. */
export type ChatAsked = {
  readonly model: string | undefined
  readonly messages: readonly ChatMessage[]
  readonly tools: readonly ModelTool[]
  readonly stream: boolean
  /** All other members as they came. */
  readonly rest: JsonObject
}

/** @throws InvalidRequestError naming the member at fault */
export function parseChatBody(json: JsonValue): ChatAsked {
  const body = assertObject(json)
  const { model, messages, stream, tools } = parse(ChatBody, body)
  return {
    model: model ?? undefined,
    messages: toMessages(messages ?? []),
    tools: (tools ?? []).map(toTool),
    stream: stream ?? true,
    rest: without(body, ['model', 'messages', 'stream', 'tools']),
  }
}

/** The body of a prompt in Ollama's words. */
export const PromptBody = z.object({
  model: ModelName.nullish(),
  prompt: text.nullish(),
  system: text.nullish(),
  images: texts.nullish(),
  stream: flag.nullish(),
  options: jsonObject.nullish(),
})

/** A prompt as it was asked for. */
export type PromptAsked = {
  readonly model: string | undefined
  /** Undefined where none was sent; an empty one is an order to load the model. */
  readonly prompt: string | undefined
  readonly system: string
  readonly images: readonly string[]
  readonly stream: boolean
  /** What only the model server's own `/api/generate` understands; undefined without any. */
  readonly onlyThere: string | undefined
  readonly rest: JsonObject
}

const membersOnlyThere = ['raw', 'template', 'suffix', 'context'] as const

/** @throws InvalidRequestError naming the member at fault */
export function parsePromptBody(json: JsonValue): PromptAsked {
  const body = assertObject(json)
  const { model, prompt, system, images, stream } = parse(PromptBody, body)
  return {
    model: model ?? undefined,
    prompt: prompt ?? undefined,
    system: system ?? '',
    images: images ?? [],
    stream: stream ?? true,
    onlyThere: membersOnlyThere.find((name) => isSaid(body[name])),
    // A prompt has no tools of its caller in Ollama either: there they are passed over in silence.
    rest: without(body, ['model', 'prompt', 'system', 'images', 'stream', 'messages', 'tools', ...membersOnlyThere]),
  }
}

// Zero values are what clients send for absent; Go cannot tell them apart.
const isSaid = (value: JsonValue | undefined): boolean =>
  !(
    value === undefined ||
    value === null ||
    value === false ||
    value === '' ||
    (Array.isArray(value) && value.length === 0)
  )

function assertObject(json: JsonValue): JsonObject {
  if (!isJsonObject(json)) throw new InvalidRequestError('The body must be a JSON object.', { hint: bodyHint })
  return json
}

const bodyHint = "See the bodies of Ollama's API."

function parse<Schema extends z.ZodType>(schema: Schema, body: JsonObject): z.output<Schema> {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const path = memberPath(issue?.path ?? [])
  throw new InvalidRequestError(`${path} ${issue?.message ?? 'is wrong'}.`, { path, hint: bodyHint })
}

const without = (body: JsonObject, names: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(body).filter(([name]) => !names.includes(name)))

/** Gives each answer of a tool the name of its tool: some clients send the id of the call alone. */
function toMessages(bodies: readonly MessageBody[]): ChatMessage[] {
  const nameOfCall = new Map<string, string>()
  return bodies.map((body, index) => {
    const toolCalls = (body.tool_calls ?? []).map((call, place) => toCall(call, `call_${index}_${place}`))
    for (const { id, name } of toolCalls) nameOfCall.set(id, name)
    const toolName = body.tool_name || nameOfCall.get(body.tool_call_id ?? '')
    return {
      role: body.role,
      content: body.content ?? '',
      ...(body.thinking ? { thinking: body.thinking } : {}),
      ...(body.images?.length ? { images: body.images } : {}),
      ...(toolCalls.length > 0 ? { toolCalls } : {}),
      ...(toolName ? { toolName } : {}),
      ...(body.tool_call_id ? { toolCallId: body.tool_call_id } : {}),
    }
  })
}

/** @param spareId for a call without an id: its place, so that the same history gives the same ids */
const toCall = ({ id, function: called }: z.output<typeof CallBody>, spareId: string): ToolCall => ({
  id: id || spareId,
  name: called.name,
  arguments: called.arguments ?? {},
})

const toTool = ({ function: { name, description, parameters } }: z.output<typeof ToolBody>): ModelTool => ({
  name,
  description: description ?? '',
  parameters: parameters ?? { type: 'object', properties: {} },
})
