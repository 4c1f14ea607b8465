import { z } from 'zod'
import type { ChatRequest, ToolsMode } from '../../chat/chat.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { isJsonObject } from '../../core/json.ts'
import type { ModelTool } from '../../llm/language-model.ts'
import { InvalidRequestError } from '../errors.ts'
import { memberPath } from '../member-path.ts'
import { maxModelName, modelNamePattern } from '../model-name.ts'
import { OpenAiMessage, toChatMessages } from './messages.ts'

/** A chat completion that is asked for. */
export type OpenAiRequest = {
  readonly chat: ChatRequest
  readonly isStream: boolean
  /** A stream then tells its cost before it ends. */
  readonly wantsUsage: boolean
  /** The caller wants to run one call at a time. */
  readonly isOneCallOnly: boolean
}

const ModelName = z.string().max(maxModelName).regex(modelNamePattern, 'This is no name of a model.')

// The cast holds: a body is what decodeJson made.
const AnyObject = z.custom<JsonObject>((value) => isJsonObject(value as JsonValue), 'Invalid input: expected object')

const Tool = z.object({
  type: z.literal('function'),
  function: z.object({
    name: z.string().min(1).max(128),
    description: z.string().nullish(),
    parameters: AnyObject.nullish(),
  }),
})

const ToolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  z.object({ type: z.literal('function'), function: z.object({ name: z.string() }) }),
])
type ToolChoice = z.output<typeof ToolChoice>

const ResponseFormat = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({ type: z.literal('json_schema'), json_schema: z.object({ schema: AnyObject.optional() }) }),
])

/** What of OpenAI's request is known here; the rest is ignored, and null is as good as absent. */
export const OpenAiBody = z.object({
  model: ModelName.nullish(),
  messages: z.array(OpenAiMessage).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  tools: z.array(Tool).nullish(),
  tool_choice: ToolChoice.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  frequency_penalty: z.number().nullish(),
  presence_penalty: z.number().nullish(),
  seed: z.int().nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  max_tokens: z.int().nullish(),
  max_completion_tokens: z.int().nullish(),
  response_format: ResponseFormat.nullish(),
  reasoning_effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']).nullish(),
})
type OpenAiBody = z.output<typeof OpenAiBody>

/**
 * Reads the body of `POST /v1/chat/completions`. `tool_choice` `required` is read as `auto`: the model server knows no
 * such wish. Named, a function of the caller's is the only tool that the model is told of.
 * @throws InvalidRequestError naming the first member at fault
 * @see openai-node src/resources/chat/completions/completions.ts
 */
export function parseOpenAiRequest(
  json: JsonValue,
  { mode, defaultModel }: { mode: ToolsMode; defaultModel: string },
): OpenAiRequest {
  const parsed = OpenAiBody.safeParse(json)
  if (!parsed.success) throw toInvalidRequest(parsed.error)
  const body = parsed.data
  const tools = (body.tools ?? []).map(toModelTool)
  return {
    chat: {
      model: body.model ?? defaultModel,
      messages: toChatMessages(body.messages),
      ...chosen(tools, body.tool_choice ?? 'auto', mode),
      rest: restOf(body),
    },
    isStream: body.stream ?? false,
    wantsUsage: body.stream_options?.include_usage ?? false,
    isOneCallOnly: body.parallel_tool_calls === false,
  }
}

const toModelTool = ({ function: { name, description, parameters } }: z.output<typeof Tool>): ModelTool => ({
  name,
  description: description ?? '',
  parameters: parameters ?? { type: 'object', properties: {} },
})

function chosen(tools: readonly ModelTool[], choice: ToolChoice, mode: ToolsMode): Pick<ChatRequest, 'tools' | 'mode'> {
  if (choice === 'none') return { tools: [], mode: 'off' }
  if (typeof choice === 'string') return { tools, mode }
  const named = tools.filter(({ name }) => name === choice.function.name)
  return named.length > 0 ? { tools: named, mode: 'off' } : { tools, mode }
}

/** How much a model thinks, in the words that Ollama knows. @see Ollama docs/api.md, `think` */
const thinkByEffort: Readonly<Record<NonNullable<OpenAiBody['reasoning_effort']>, JsonValue>> = {
  none: false,
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
  max: 'high',
}

/** What is not said is left to the model: its own defaults, not OpenAI's. */
function restOf(body: OpenAiBody): JsonObject {
  const options = present({
    temperature: body.temperature,
    top_p: body.top_p,
    frequency_penalty: body.frequency_penalty,
    presence_penalty: body.presence_penalty,
    seed: body.seed,
    stop: typeof body.stop === 'string' ? [body.stop] : body.stop,
    num_predict: body.max_completion_tokens ?? body.max_tokens,
  })
  return present({
    options: Object.keys(options).length > 0 ? options : undefined,
    format: formatOf(body.response_format),
    think: body.reasoning_effort ? thinkByEffort[body.reasoning_effort] : undefined,
  })
}

function formatOf(format: OpenAiBody['response_format']): JsonValue | undefined {
  if (format?.type === 'json_object') return 'json'
  return format?.type === 'json_schema' ? (format.json_schema.schema ?? 'json') : undefined
}

const present = (members: Readonly<Record<string, JsonValue | undefined>>): JsonObject =>
  Object.fromEntries(
    Object.entries(members).flatMap(([name, value]) => (value === undefined || value === null ? [] : [[name, value]])),
  )

function toInvalidRequest({ issues }: z.ZodError): InvalidRequestError {
  const [issue] = issues
  if (issue === undefined) return new InvalidRequestError('The body is not a chat request.')
  const { path, message } = deepest(issue)
  const text = memberPath(path)
  return new InvalidRequestError(
    text === '' ? `The body: ${message}` : `${text.slice(0, 64)}: ${message}`,
    text === '' ? {} : { path: text },
  )
}

type Fault = { readonly path: readonly PropertyKey[]; readonly message: string }

/** Of the shapes that a value may have, the one that it came nearest to tells best what is wrong. */
function deepest(issue: z.core.$ZodIssue): Fault {
  const { path, message } = issue
  if (issue.code !== 'invalid_union') return { path, message }
  const nearest = issue.errors
    .flatMap(([first]) => (first === undefined ? [] : [deepest(first)]))
    .toSorted((one, other) => other.path.length - one.path.length)[0]
  return nearest === undefined || nearest.path.length === 0
    ? { path, message }
    : { path: [...path, ...nearest.path], message: nearest.message }
}
