import type { JsonArray, JsonObject, JsonValue } from '../core/json.ts'
import { isJsonArray, isJsonObject, member } from '../core/json.ts'
import type { ModelTool } from './language-model.ts'

/** The texts of tool lists, made once a list: the same list goes up with every question. */
const texts = new WeakMap<readonly ModelTool[], string>()

/** The JSON text of `tools` in a request; Ollama and OpenAI have one form for it. */
export function toolsText(tools: readonly ModelTool[]): string {
  const known = texts.get(tools)
  if (known !== undefined) return known
  const text = JSON.stringify(tools.map(encodeTool))
  texts.set(tools, text)
  return text
}

/**
 * A tool as a model is told of it: `properties` always there, references inlined, and what Ollama would drop on the
 * way to the prompt said in a way that it keeps. Source: `Tool` of Ollama api/types.go.
 */
export function encodeTool({ name, description, parameters }: ModelTool): JsonObject {
  const place = { root: parameters, depth: 0, references: [], budget: { left: maxSchemas } }
  const schema = { type: 'object', properties: {}, ...encodeSchema(parameters, place) }
  return { type: 'function', function: { name, description, parameters: schema } }
}

type Place = {
  readonly root: JsonObject
  readonly depth: number
  /** Those that are being inlined right here. */
  readonly references: readonly string[]
  /** Of the whole tool: references that fan out would make a small schema endless. */
  readonly budget: { left: number }
}

/** Beyond these, and inside itself, a schema says nothing any more. */
const maxDepth = 32
const maxSchemas = 1000

/** Only cost tokens: what they demand is checked when a call comes. */
const noise: readonly string[] = [
  '$schema',
  '$id',
  '$defs',
  'definitions',
  '$ref',
  'pattern',
  'format',
  'const',
  'oneOf',
]

function encodeSchema(schema: JsonObject, place: Place): JsonObject {
  if (place.depth >= maxDepth || place.budget.left-- <= 0) return {}
  const reference = member(schema, '$ref')
  if (typeof reference === 'string') return encodeReference(schema, reference, place)
  const inner = { ...place, depth: place.depth + 1 }
  const kept = Object.entries(schema).filter(([key, value]) => !noise.includes(key) && !isSafeIntegerBound(key, value))
  const encoded = kept.map(([key, value]): [string, JsonValue] => [key, encodeMember(key, value, inner)])
  return Object.fromEntries([...encoded, ...alternatives(schema, inner), ...choices(schema), ...range(schema)])
}

/** What the reference means, with the members beside it, which win. */
function encodeReference(schema: JsonObject, reference: string, place: Place): JsonObject {
  const isOpen = place.references.includes(reference)
  const target = isOpen ? undefined : resolve(place.root, reference)
  const inner = { ...place, depth: place.depth + 1, references: [...place.references, reference] }
  return encodeSchema({ ...target, ...withoutReference(schema) }, inner)
}

const withoutReference = ({ $ref: _, ...rest }: JsonObject): JsonObject => rest

/** `#/$defs/Cell` inside the tool's own schema. @see RFC 6901 */
function resolve(root: JsonObject, reference: string): JsonObject | undefined {
  if (reference === '#') return root
  if (!reference.startsWith('#/')) return undefined
  let found: JsonValue | undefined = root
  for (const step of reference.slice(2).split('/'))
    found = isJsonObject(found) ? member(found, step.replaceAll('~1', '/').replaceAll('~0', '~')) : undefined
  return isJsonObject(found) ? found : undefined
}

function encodeMember(key: string, value: JsonValue, place: Place): JsonValue {
  if (key === 'properties' && isJsonObject(value)) {
    const properties = Object.entries(value) // their names are not keywords: a property may be called `format`
    return Object.fromEntries(properties.map(([name, schema]) => [name, encodeAny(schema, place)]))
  }
  if (['items', 'additionalProperties', 'not'].includes(key)) return encodeAny(value, place)
  if (['anyOf', 'allOf'].includes(key) && isJsonArray(value)) return value.map((one) => encodeAny(one, place))
  return value
}

const encodeAny = (value: JsonValue, place: Place): JsonValue =>
  isJsonObject(value) ? encodeSchema(value, place) : value

/** `oneOf` is dropped, `anyOf` is kept. */
function alternatives(schema: JsonObject, place: Place): readonly [string, JsonValue][] {
  const oneOf = member(schema, 'oneOf')
  if (!isJsonArray(oneOf) || Object.hasOwn(schema, 'anyOf')) return []
  return [['anyOf', oneOf.map((one) => encodeAny(one, place))]]
}

/** `const` is dropped, `enum` is kept. */
function choices(schema: JsonObject): readonly [string, JsonValue][] {
  const only = member(schema, 'const')
  return only === undefined || Object.hasOwn(schema, 'enum') ? [] : [['enum', [only]]]
}

/** How many values a range may have to be listed one by one. */
const maxListed = 16

/** `minimum` and `maximum` are dropped: a small range is listed, and every range is said in words. */
function range(schema: JsonObject): readonly [string, JsonValue][] {
  const [from, to] = [member(schema, 'minimum'), member(schema, 'maximum')]
  const isBounded = typeof from === 'number' && typeof to === 'number' && from <= to
  if (!isBounded || isSafeIntegerBound('minimum', from) || isSafeIntegerBound('maximum', to)) return []
  const description = member(schema, 'description')
  const said = `From ${from} to ${to}.`
  const words = typeof description === 'string' && description !== '' ? `${description} ${said}` : said
  const isListed = member(schema, 'type') === 'integer' && to - from < maxListed && !Object.hasOwn(schema, 'enum')
  return [['description', words], ...(isListed ? [['enum', integers(from, to)] satisfies [string, JsonValue]] : [])]
}

function integers(from: number, to: number): JsonArray {
  const first = Math.ceil(from)
  return Array.from({ length: Math.floor(to) - first + 1 }, (_, index) => first + index)
}

/** Every integer schema of zod has these two bounds; they tell a model nothing. */
const isSafeIntegerBound = (key: string, value: JsonValue): boolean =>
  (key === 'minimum' && value === Number.MIN_SAFE_INTEGER) || (key === 'maximum' && value === Number.MAX_SAFE_INTEGER)
