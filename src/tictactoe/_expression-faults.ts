import type { JsonValue } from '../core/json.ts'
import { isJsonArray, isJsonObject } from '../core/json.ts'
import { operatorNames } from '../jlvm/operator-names.ts'

/** A place inside a JSON file, and what is wrong there. */
export type Fault = { readonly path: readonly (string | number)[]; readonly fault: string }

/** Names through which an object of JavaScript leaks: no rule of ours has a use for them. */
const forbiddenNames: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/**
 * Operators of other dialects. On a node an object with one such member is plain data, and so always true: a rule
 * written with it would never refuse anything.
 * @see json-logic-js 2.0.5, json-logic-engine 5, metakit-sdk (`let`): what they have and metakit 1.7.0-rc.9 has not
 */
const foreignOperators: ReadonlySet<string> = new Set([
  ...['let', 'log', 'method', '?:', '??', 'each', 'eachKey', 'every', 'preserve', 'try', 'throw', 'val', 'obj', 'not'],
  ...['eq', 'ne', 'neq', 'gt', 'gte', 'lt', 'lte', 'add', 'sub', 'mul', 'div', 'mod', 'concat', 'contains', 'switch'],
])

/** Faults of an expression that a node would take for data or that nobody should write. @param at where it stands */
export function expressionFaults(expression: JsonValue, at: Fault['path']): readonly Fault[] {
  if (isJsonArray(expression)) return expression.flatMap((item, index) => expressionFaults(item, [...at, index]))
  if (!isJsonObject(expression)) return []
  const members = Object.entries(expression)
  const [only, ...more] = members
  const own = only === undefined || more.length > 0 ? [] : callFaults(only[0], only[1], at)
  return [
    ...own,
    ...members.flatMap(([key, value]) => [...keyFaults(key, at), ...expressionFaults(value, [...at, key])]),
  ]
}

/** Keys of an object literal that are operator names: a node rejects a definition that has them. */
export function reservedNameFaults(expression: JsonValue, at: Fault['path']): readonly Fault[] {
  if (isJsonArray(expression)) return expression.flatMap((item, index) => reservedNameFaults(item, [...at, index]))
  if (!isJsonObject(expression)) return []
  const members = Object.entries(expression)
  return members.flatMap(([key, value]) => [
    ...(members.length > 1 && operatorNames.has(key)
      ? [{ path: [...at, key], fault: `${key} is an operator and cannot name a field` }]
      : []),
    ...reservedNameFaults(value, [...at, key]),
  ])
}

const keyFaults = (key: string, at: Fault['path']): readonly Fault[] =>
  forbiddenNames.has(key) ? [{ path: [...at, key], fault: `${key} cannot name a field` }] : []

function callFaults(key: string, argument: JsonValue, at: Fault['path']): readonly Fault[] {
  const path = [...at, key]
  if (key === 'var' || key === '')
    return pathTexts(argument)
      .flatMap((text) => text.split('.'))
      .filter((segment) => forbiddenNames.has(segment))
      .map((segment) => ({ path, fault: `${segment} cannot stand in a path` }))
  const looksForeign = foreignOperators.has(key) || /^[^\p{L}\p{N}_$]+$/u.test(key)
  return looksForeign && !operatorNames.has(key) ? [{ path, fault: `${key} is not an operator of this chain` }] : []
}

/** Every text a path is made of: all of a computed one, but not the default beside it. */
function pathTexts(argument: JsonValue): readonly string[] {
  const path = isJsonArray(argument) ? (argument[0] ?? null) : argument
  return textsIn(path)
}

function textsIn(value: JsonValue): readonly string[] {
  if (typeof value === 'string') return [value]
  if (isJsonArray(value)) return value.flatMap(textsIn)
  return isJsonObject(value) ? Object.values(value).flatMap(textsIn) : []
}
