import { z } from 'zod'
import type { JsonValue } from '../core/json.ts'
import { isJsonArray, isJsonObject } from '../core/json.ts'

/** In Go `null` leaves a field as it was, so null and absent are one everywhere. Source: Ollama's api/types.go. */
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '')
const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? undefined)
const object = z
  .record(z.string(), z.json())
  .nullish()
  .transform((value) => value ?? {})
const listOf = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((value) => value ?? [])

const WireCall = z.object({ id: text, function: z.object({ name: text, arguments: object }) })

/** A message as Ollama reads it: `content` is a string and nothing else, `arguments` an object and nothing else. */
export const WireMessage = z.object({
  role: text.transform((role) => role.toLowerCase()),
  content: text,
  thinking: text,
  images: listOf(z.string()),
  tool_calls: listOf(WireCall),
  tool_name: text,
  tool_call_id: text,
})
export type WireMessage = z.output<typeof WireMessage>

const common = {
  model: text,
  stream: flag,
  format: z.json().optional(),
  options: object,
  keep_alive: z.union([z.string(), z.number()]).nullish(),
  think: z.union([z.boolean(), z.string()]).nullish(),
}

/** The body of `POST /api/chat`. Fields that make no difference to a script are not read. */
export const ChatBody = z.object({
  ...common,
  messages: listOf(WireMessage),
  tools: listOf(z.object({ type: text, function: z.object({ name: text, description: text, parameters: object }) })),
})
export type ChatBody = z.output<typeof ChatBody>

/** The body of `POST /api/generate`. It has no `tools`: Ollama ignores them there too. */
export const GenerateBody = z.object({ ...common, prompt: text, system: text, raw: flag })
export type GenerateBody = z.output<typeof GenerateBody>

/** The body of `POST /api/show`; `name` is the older word. */
export const ShowBody = z.object({ model: text, name: text })

/** A request that Ollama answers with 400 and these words. */
export class BadRequest {
  readonly words: string
  constructor(words: string) {
    this.words = words
  }
}

/** The body as its schema reads it, or what Ollama says of it: the words of Go's encoding/json, not of ours. */
export function readBody<T extends z.ZodType>(schema: T, bytes: Buffer, struct: string): z.output<T> | BadRequest {
  if (bytes.length === 0) return new BadRequest('missing request body')
  const json = parse(bytes)
  if (json === undefined) return new BadRequest('invalid character in the body: it is not JSON')
  const read = schema.safeParse(json)
  if (read.success) return read.data
  const path = read.error.issues[0]?.path ?? []
  const names = path.filter((step) => typeof step === 'string').join('.')
  const found = path.reduce<JsonValue | undefined>((value, step) => stepInto(value, step), json)
  return new BadRequest(
    `json: cannot unmarshal ${goKind(found)} into Go struct field ${struct}.${names} of type ${goType(names)}`,
  )
}

function parse(bytes: Buffer): JsonValue | undefined {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}

function stepInto(value: JsonValue | undefined, step: PropertyKey): JsonValue | undefined {
  if (isJsonArray(value)) return value[Number(step)]
  return isJsonObject(value) ? value[String(step)] : undefined
}

const goKind = (value: JsonValue | undefined): string => {
  if (typeof value === 'boolean') return 'bool'
  return isJsonArray(value) ? 'array' : typeof value
}

const goType = (names: string): string => {
  if (names.endsWith('arguments')) return 'api.ToolCallFunctionArguments'
  return /messages$|tools$|tool_calls$|images$/.test(names) ? 'slice' : 'string'
}

/**
 * A value as Go writes it: `<`, `>` and `&` escaped.
 * @see Go's encoding/json, HTMLEscape
 */
export const goJson = (value: JsonValue): string =>
  JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
