import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonArray, isJsonObject } from '../core/json.ts'
import { operatorNames } from './operator-names.ts'

/** What a JSON value is when read as an expression. */
export type Expression =
  | { readonly form: 'constant'; readonly value: JsonValue }
  | { readonly form: 'list'; readonly items: readonly JsonValue[] }
  | { readonly form: 'map'; readonly members: JsonObject }
  | { readonly form: 'call'; readonly operator: string; readonly args: readonly JsonValue[] }
  | Reference

/** A variable reference. `path` is a literal, or an expression that gives one; `fallback` is a value, not evaluated. */
export type Reference = {
  readonly form: 'reference'
  readonly path: { readonly literal: string } | { readonly computed: JsonValue }
  readonly fallback: JsonValue | undefined
}

/**
 * Reads one level of an expression. A list that begins with an operator's name, or with `var` and something more, is a
 * call; so is an object with one such key, of which `""` is a spelling of `var`. Any other object is a literal.
 * @see metakit 1.7.0-rc.9 `JsonLogicExpression.decodeJsonLogicExpr`
 */
export function readExpression(json: JsonValue): Expression {
  if (isJsonArray(json)) return readList(json)
  if (!isJsonObject(json)) return { form: 'constant', value: json }
  const [key, second] = Object.keys(json)
  if (key === undefined) return { form: 'constant', value: json }
  if (second !== undefined) return { form: 'map', members: json }
  const argument = json[key] ?? null
  if (key === 'var' || key === '') return readReference(argument)
  if (!operatorNames.has(key)) return { form: 'map', members: json }
  return { form: 'call', operator: key, args: isJsonArray(argument) ? argument : [argument] }
}

function readList(items: readonly JsonValue[]): Expression {
  const [name, argument, fallback] = items
  if (typeof name !== 'string') return { form: 'list', items }
  if (operatorNames.has(name)) return { form: 'call', operator: name, args: items.slice(1) }
  if (name !== 'var' || argument === undefined) return { form: 'list', items }
  const reference = readReference(argument)
  return fallback === undefined ? reference : { ...reference, fallback }
}

function readReference(argument: JsonValue): Reference {
  const [path, fallback] = isJsonArray(argument) ? argument : [argument]
  // An empty array is a path to compute, and no path when computed.
  return { form: 'reference', path: readPath(path === undefined ? argument : path), fallback }
}

function readPath(json: JsonValue): Reference['path'] {
  return typeof json === 'string' || typeof json === 'number' ? { literal: String(json) } : { computed: json }
}
