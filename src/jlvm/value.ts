import type { JsonArray, JsonObject, JsonValue } from '../core/json.ts'
import { isJsonArray } from '../core/json.ts'
import { Decimal, parseDecimal } from './decimal.ts'
import { EvaluationError } from './errors.ts'
import { maxJsonDepth, maxJsonWeight, maxValueDepth } from './limits.ts'

/**
 * What expressions read and give: `bigint` is the type int, `Decimal` the type float. A float that arithmetic made stays
 * one even when whole, until it has been JSON. Treated as immutable everywhere.
 * @see metakit 1.7.0-rc.9 `JsonLogicValue`
 */
export type Value = null | boolean | bigint | Decimal | string | readonly Value[] | ReadonlyMap<string, Value>

/** `Array.isArray` that keeps the element type. */
export const isList = (value: Value | undefined): value is readonly Value[] => Array.isArray(value)

/** Is it a map? */
export const isMap = (value: Value | undefined): value is ReadonlyMap<string, Value> => value instanceof Map

/** The name that the operator `typeof` gives. */
export function typeName(value: Value): 'null' | 'bool' | 'int' | 'float' | 'string' | 'array' | 'map' {
  if (value === null) return 'null'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'bigint') return 'int'
  if (typeof value === 'boolean') return 'bool'
  if (value instanceof Decimal) return 'float'
  return isList(value) ? 'array' : 'map'
}

/** False are null, false, zeros, and the empty text, array and map; everything else is true. */
export function isTruthy(value: Value): boolean {
  if (typeof value === 'boolean') return value
  if (value === null) return false
  if (typeof value === 'string') return value !== ''
  if (typeof value === 'bigint') return value !== 0n
  if (value instanceof Decimal) return !value.isZero
  return isList(value) ? value.length > 0 : value.size > 0
}

/**
 * Same type and same content, all the way down: int 1 is not float 1, floats compare by size, the order of keys is
 * irrelevant.
 * @param meter told how many values are about to be compared, so that it can stop a long comparison
 * @throws EvaluationError where the values nest deeper than `maxValueDepth`
 */
export function valuesEqual(left: Value, right: Value, meter?: Meter, depth = 0): boolean {
  if (isLongText(left)) meter?.strain(left.length >> 4)
  if (left === right) return true
  if (typeof left !== 'object' || typeof right !== 'object') return false
  if (left instanceof Decimal) return right instanceof Decimal && left.equals(right)
  if (depth > maxValueDepth) throw tooDeep(maxValueDepth)
  if (isList(left)) return isList(right) && listsEqual(left, right, meter, depth + 1)
  return isMap(left) && isMap(right) && mapsEqual(left, right, meter, depth + 1)
}

/** Texts are compared many units at a time. */
const isLongText = (value: Value): value is string => typeof value === 'string' && value.length > 256

/** Counts work. */
type Meter = { strain(work: number): void }

type ValueList = readonly Value[]
type ValueMap = ReadonlyMap<string, Value>

function listsEqual(left: ValueList, right: ValueList, meter: Meter | undefined, depth: number): boolean {
  if (left.length !== right.length) return false
  meter?.strain(left.length)
  return left.every((item, index) => valuesEqual(item, right[index] ?? null, meter, depth))
}

function mapsEqual(left: ValueMap, right: ValueMap, meter: Meter | undefined, depth: number): boolean {
  if (left.size !== right.size) return false
  meter?.strain(left.size)
  for (const [key, item] of left) {
    const other = right.get(key)
    if (other === undefined || !valuesEqual(item, other, meter, depth)) return false
  }
  return true
}

/**
 * Reads JSON: a number with a whole value is an int, any other a float, however they are spelled; objects give their own
 * members. The value of an array or object of some size is remembered for as long as the JSON lives: the same state
 * costs nothing the second time.
 * @throws EvaluationError for a number that is none, and for JSON that nests deeper than `maxJsonDepth`
 */
export const fromJson = (json: JsonValue): Value => readAt(json, 0)

function readAt(json: JsonValue, depth: number): Value {
  if (json === null || typeof json === 'boolean' || typeof json === 'string') return json
  if (typeof json === 'number') return fromNumber(json)
  if (depth > maxJsonDepth) throw tooDeep(maxJsonDepth)
  const size = isJsonArray(json) ? json.length : Object.keys(json).length
  if (size < leastRemembered) return read(json, depth)
  const known = valuesOfJson.get(json)
  if (known !== undefined) return known
  const value = read(json, depth)
  valuesOfJson.set(json, value)
  return value
}

/** With fewer members, reading once more costs less than remembering. */
const leastRemembered = 8

const valuesOfJson = new WeakMap<JsonArray | JsonObject, ValueList | ValueMap>()

function read(json: JsonArray | JsonObject, depth: number): ValueList | ValueMap {
  if (isJsonArray(json)) return json.map((item) => readAt(item, depth + 1))
  const map = new Map<string, Value>()
  for (const key of Object.keys(json)) map.set(key, readAt(json[key] ?? null, depth + 1))
  return map
}

function fromNumber(number: number): bigint | Decimal {
  if (Number.isSafeInteger(number)) return BigInt(number)
  const decimal = parseDecimal(String(number))
  if (decimal === undefined) throw new EvaluationError('A number of the data is not finite.')
  return decimal.isWhole ? decimal.toBigInt() : decimal
}

/**
 * Writes JSON. Numbers become the nearest double: precision past 17 digits is lost, and beyond the doubles it is an
 * infinity, which no JSON text can carry and the caller has to refuse.
 * @throws EvaluationError where the value nests deeper than `maxValueDepth` or weighs more than `maxJsonWeight`: values
 * share their parts in memory, JSON text repeats them
 */
export function toJson(value: Value): JsonValue {
  weigh(value, { left: maxJsonWeight }, 0)
  return write(value)
}

/** Looks over the value first: a bomb is refused before millions of arrays are made for it. */
function weigh(value: Value, weight: { left: number }, depth: number): void {
  weight.left -= typeof value === 'string' ? value.length + 1 : 1
  if (weight.left < 0) throw new EvaluationError('A value is too large to be written as JSON.')
  if (typeof value !== 'object' || value === null || value instanceof Decimal) return
  if (depth > maxValueDepth) throw tooDeep(maxValueDepth)
  if (isMap(value)) for (const key of value.keys()) weight.left -= key.length
  for (const item of value.values()) weigh(item, weight, depth + 1)
}

function write(value: Value): JsonValue {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Decimal) return value.toNumber()
  return isList(value) ? value.map(write) : writeMap(value)
}

function writeMap(map: ValueMap): JsonObject {
  const object: Record<string, JsonValue> = {}
  for (const [key, item] of map) {
    const json = write(item)
    // Assigning to this one name would set the prototype.
    if (key === '__proto__') Object.defineProperty(object, key, { value: json, ...ownMember })
    else object[key] = json
  }
  return object
}

const ownMember = { enumerable: true, configurable: true, writable: true }

const tooDeep = (levels: number) => new EvaluationError(`A value nests deeper than ${levels} levels.`)
