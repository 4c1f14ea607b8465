import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonArray, isJsonObject, member } from '../core/json.ts'
import type { ModelTool } from './language-model.ts'

/** What a tool says of one argument. */
export type Parameter = { readonly name: string; readonly schema: JsonObject; readonly isRequired: boolean }

/** The arguments of a tool, in the order of its schema; undefined where it names none, and takes any. */
export function parametersOf({ parameters }: ModelTool): readonly Parameter[] | undefined {
  const properties = member(parameters, 'properties')
  if (!isJsonObject(properties)) return undefined
  const required = member(parameters, 'required')
  const isRequired = (name: string) => isJsonArray(required) && required.includes(name)
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    schema: isJsonObject(schema) ? schema : {},
    isRequired: isRequired(name),
  }))
}

/** The alternatives that a schema allows; a schema without `anyOf` is its own only one. */
export function alternativesOf(schema: JsonObject): readonly JsonObject[] {
  const anyOf = member(schema, 'anyOf')
  return isJsonArray(anyOf) ? anyOf.filter(isJsonObject) : [schema]
}

/** The JSON types that a schema names. */
export function typesOf(schema: JsonObject): readonly JsonValue[] {
  const type = member(schema, 'type')
  return isJsonArray(type) ? type : type === undefined ? [] : [type]
}

/** The values that a schema lists; undefined where it lists none. */
export function enumOf(schema: JsonObject): readonly JsonValue[] | undefined {
  const values = member(schema, 'enum')
  return isJsonArray(values) ? values : undefined
}

/** `gameId (string), player ("X" or "O"), cell (integer 0–8), note (string, optional)`, for a model to read. */
export function describeParameters(tool: ModelTool): string {
  const parameters = parametersOf(tool)
  if (parameters === undefined) return 'any'
  if (parameters.length === 0) return 'none'
  return parameters.map(describeParameter).join(', ')
}

/** `cell (integer 0–8)` */
export const describeParameter = ({ name, schema, isRequired }: Parameter): string =>
  `${name} (${alternativesOf(schema).map(describeType).join(' or ')}${isRequired ? '' : ', optional'})`

function describeType(schema: JsonObject): string {
  const values = enumOf(schema)
  if (values !== undefined) return values.map((value) => JSON.stringify(value)).join(' or ')
  const types = typesOf(schema).join(' or ')
  return `${types === '' ? 'any' : types}${describeRange(schema)}`
}

/** Every integer schema of zod has the bounds of a safe integer; they tell a model nothing. */
function describeRange({ minimum, maximum }: JsonObject): string {
  const isTelling = typeof minimum === 'number' && typeof maximum === 'number' && maximum < Number.MAX_SAFE_INTEGER
  return isTelling ? ` ${minimum}–${maximum}` : ''
}
