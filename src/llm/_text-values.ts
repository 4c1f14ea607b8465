import type { JsonObject, JsonValue } from '../core/json.ts'
import { member } from '../core/json.ts'
import { alternativesOf, enumOf, typesOf } from './_text-schema.ts'

/** May the value be null? */
export const allowsNull = (schema: JsonObject): boolean =>
  alternativesOf(schema).some((one) => typesOf(one).includes('null') || enumOf(one)?.includes(null) === true)

/**
 * The value in the type that its schema asks for, where nothing is lost and only one reading is possible: `"4"` → 4,
 * `"true"` → true, `"x"` → `"X"`. Anything else stays as it is, for the tool's own schema to refuse; so does every string
 * where the schema takes strings and lists none: an id is never touched.
 */
export function coerce(value: JsonValue, schema: JsonObject): JsonValue {
  const [only, ...others] = alternativesOf(schema).filter((one) => !isNull(one))
  if (only === undefined || others.length > 0 || typeof value !== 'string') return value
  const values = enumOf(only)
  if (values?.includes(value)) return value
  const types = typesOf(only)
  if (types.includes('string') || types.length === 0) return values === undefined ? value : listed(value, values)
  if (types.includes('integer') || types.includes('number')) return toNumber(value, types.includes('number'))
  if (types.includes('boolean')) return toBoolean(value)
  return value
}

const isNull = (schema: JsonObject): boolean => member(schema, 'type') === 'null'

/** `True` is Python's. */
const toBoolean = (value: string): JsonValue =>
  /^(?:true|false)$/i.test(value) ? value.toLowerCase() === 'true' : value

/** The one listed word that differs only in case. */
function listed(value: string, values: readonly JsonValue[]): JsonValue {
  const wanted = value.toLowerCase()
  const [match, ...others] = values.filter((one) => typeof one === 'string' && one.toLowerCase() === wanted)
  return match === undefined || others.length > 0 ? value : match
}

/** `"04"`, `"4.0"`, `" 4"` and `"1e3"` stay: a number would not be written like that again. */
function toNumber(value: string, takesFractions: boolean): JsonValue {
  const number = Number(value)
  const isLossless = Number.isFinite(number) && String(number) === value
  return isLossless && (takesFractions || Number.isSafeInteger(number)) ? number : value
}
