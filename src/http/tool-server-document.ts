import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonArray, isJsonObject, member } from '../core/json.ts'
import type { ModelTool } from '../llm/language-model.ts'
import { toModelTools } from '../tools/for-models.ts'
import type { ToolDescription } from '../tools/tool.ts'

/**
 * The tools as an OpenAPI document for models: one operation a tool, named like it, a flat body, and nothing that has to
 * be looked up elsewhere. Readers keep of an argument its type and its description: unit and range stand in both. As in
 * every form for models there is no `idempotencyKey`.
 * @see open-webui backend/open_webui/utils/tools.py, convert_openapi_to_tool_payload
 */
export function createToolDocument(
  tools: readonly ToolDescription[],
  { needsToken }: { needsToken: boolean },
): JsonObject {
  const paths = toModelTools(tools).flatMap((form, index): [string, JsonObject][] => {
    const tool = tools[index]
    return tool === undefined ? [] : [[`/otto/tools/${form.name}`, { post: toOperation(tool, form) }]]
  })
  return {
    openapi: '3.1.0',
    info: { title: 'Otto tools', version: '1', description: 'Tic-tac-toe on a signed ledger.' },
    servers: [{ url: '/' }],
    ...(needsToken ? { security: [{ bearer: [] }] } : {}),
    paths: Object.fromEntries(paths),
    ...(needsToken ? { components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } } } : {}),
  }
}

function toOperation(
  { effect, outputSchema }: ToolDescription,
  { name, description, parameters }: ModelTool,
): JsonObject {
  const schema = withFacts(inlineRefs(parameters))
  const texts = Object.entries(propertiesOf(schema)).map(([key, property]) => `${key}: ${descriptionOf(property)}`)
  return {
    operationId: name,
    summary: description.split('. ', 1)[0]?.replace(/\.$/, '') ?? name,
    description: [description, effects[effect], ...texts].join(' '),
    requestBody: { required: true, content: { 'application/json': { schema } } },
    responses: responsesOf(effect, inlineRefs(outputSchema)),
  }
}

const effects: Readonly<Record<ToolDescription['effect'], string>> = {
  read: 'Changes nothing.',
  write: 'Signs and submits.',
}

/** A refused move is an answer, so that a model reads its hint. */
function responsesOf(effect: ToolDescription['effect'], result: JsonObject): JsonObject {
  const isWrite = effect === 'write'
  return {
    200: {
      description: isWrite ? 'The game after the call; or success false with a hint and the board.' : 'The game.',
      content: { 'application/json': { schema: isWrite ? { anyOf: [result, refusalSchema] } : result } },
    },
    400: { description: 'The arguments do not fit; error and hint say which.' },
    404: { description: 'There is no such game.' },
    ...(isWrite ? { 409: { description: 'Wrong state, busy, or a person has to agree first; with a hint.' } } : {}),
    default: { description: 'It was not done, or it is not known; error, code and hint say more.' },
  }
}

const refusalSchema: JsonObject = {
  type: 'object',
  properties: {
    success: { type: 'boolean', const: false },
    error: { type: 'string' },
    code: { type: 'string' },
    hint: { type: 'string', description: 'The next step.' },
    details: { type: 'object' },
  },
  required: ['success', 'error', 'code', 'hint'],
}

const propertiesOf = (schema: JsonObject): JsonObject => {
  const properties = member(schema, 'properties')
  return isJsonObject(properties) ? properties : {}
}

const descriptionOf = (property: JsonValue): string =>
  isJsonObject(property) && typeof property['description'] === 'string' ? property['description'] : ''

/** Each argument's description with what its schema says besides. */
function withFacts(schema: JsonObject): JsonObject {
  const told = Object.entries(propertiesOf(schema)).map(([key, property]): [string, JsonValue] =>
    isJsonObject(property)
      ? [key, { ...property, description: [descriptionOf(property), ...factsOf(property)].join(' ').trim() }]
      : [key, property],
  )
  return { ...schema, properties: Object.fromEntries(told), additionalProperties: false }
}

function factsOf(property: JsonObject): string[] {
  const { type, format, minimum, maximum, maxLength } = property
  const values = property['enum']
  return [
    ...(typeof minimum === 'number' && typeof maximum === 'number'
      ? [`${type === 'integer' ? 'A whole number' : 'A number'} from ${minimum} to ${maximum}.`]
      : []),
    ...(isJsonArray(values) ? [`One of ${values.map((value) => JSON.stringify(value)).join(', ')}.`] : []),
    ...(format === 'uuid' ? ['A UUID.'] : []),
    ...(typeof maxLength === 'number' ? [`At most ${maxLength} characters.`] : []),
  ]
}

/**
 * The schema with every local reference replaced by what it names.
 * @throws TypeError for a circle, a foreign reference, or one to nothing: a tool with such a schema cannot be listed
 * @see JSON Schema 2020-12 §8.2.3
 * @example inlineRefs({ $defs: { id: { type: 'string' } }, items: { $ref: '#/$defs/id' } }) // { items: { type: 'string' } }
 */
export function inlineRefs(schema: JsonObject): JsonObject {
  const walk = (value: JsonValue, open: readonly string[]): JsonValue => {
    if (isJsonArray(value)) return value.map((one) => walk(one, open))
    if (!isJsonObject(value)) return value
    const { $ref: ref, ...rest } = value
    const own = Object.fromEntries(Object.entries(rest).map(([key, one]) => [key, walk(one, open)]))
    if (typeof ref !== 'string') return own
    if (open.includes(ref)) throw new TypeError(`${ref} contains itself.`)
    const target = walk(resolve(schema, ref), [...open, ref])
    return isJsonObject(target) ? { ...target, ...own } : target
  }
  const { $defs: _, ...root } = schema
  const inlined = walk(root, [])
  return isJsonObject(inlined) ? inlined : {}
}

/** @see RFC 6901 §4, §6 */
function resolve(root: JsonObject, ref: string): JsonValue {
  const steps = ref.startsWith('#/') ? ref.slice(2).split('/') : []
  const found = steps.reduce<JsonValue | undefined>((value, step) => {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~')
    return isJsonObject(value) ? member(value, key) : undefined
  }, root)
  if (steps.length === 0 || found === undefined) throw new TypeError(`${ref} names nothing here.`)
  return found
}
