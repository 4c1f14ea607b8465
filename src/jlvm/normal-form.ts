import type { JsonValue } from '../core/json.ts'
import { isJsonArray } from '../core/json.ts'
import type { Expression, Reference } from './expression.ts'
import { readExpression } from './expression.ts'

/**
 * An expression as a node writes it after reading it, which is what its signature covers: calls and references in
 * object syntax, arguments always in an array, paths as texts. Normalizing twice changes nothing.
 * @see metakit 1.7.0-rc.9 `JsonLogicExpression.encodeJsonLogicExpr`
 * @example normalize(['!', { '': 'done' }]) // { '!': [{ var: 'done' }] }
 */
export function normalize(expression: JsonValue): JsonValue {
  const read = readExpression(expression)
  if (read.form === 'constant') return read.value
  if (read.form === 'list') return normalizeAll(read.items)
  if (read.form === 'call') return { [read.operator]: normalizeAll(read.args) }
  if (read.form === 'reference') return normalizeReference(read)
  const members: [string, JsonValue][] = []
  for (const [key, member] of Object.entries(read.members)) members.push([key, normalize(member)])
  return Object.fromEntries(members)
}

// Loops, not `map`: one host frame a level.
function normalizeAll(expressions: readonly JsonValue[]): readonly JsonValue[] {
  const normal: JsonValue[] = []
  for (const expression of expressions) normal.push(normalize(expression))
  return normal
}

function normalizeReference({ path, fallback }: Reference): JsonValue {
  const key = 'literal' in path ? path.literal : normalize(path.computed)
  if (fallback !== undefined) return { var: [key, fallback] }
  // A list in the place of a path reads as a path with a default: what a node would write is not yet normal.
  return isJsonArray(key) && key.length > 0 ? normalize({ var: key }) : { var: key }
}

/**
 * How deep an expression nests: one for every call, array, object literal and computed path on the way to the innermost
 * constant or literal path, which add nothing. A submission may have 100.
 * @see OttoChain `CommonRules.expressionWithinDepthLimit`
 */
export function expressionDepth(expression: JsonValue): number {
  let deepest = 0
  // A list of what is left, not recursion: a refused submission may nest as deep as it likes.
  const left: [JsonValue, number][] = [[expression, 0]]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const [json, depth] = next
    const inner = partsOf(readExpression(json))
    if (inner === undefined) continue
    deepest = Math.max(deepest, depth + 1)
    for (const part of inner) left.push([part, depth + 1])
  }
  return deepest
}

/** The expressions directly inside; undefined for what adds no depth. */
function partsOf(expression: Expression): readonly JsonValue[] | undefined {
  if (expression.form === 'constant') return undefined
  if (expression.form === 'list') return expression.items
  if (expression.form === 'call') return expression.args
  if (expression.form === 'map') return Object.values(expression.members)
  return 'literal' in expression.path ? undefined : [expression.path.computed]
}
