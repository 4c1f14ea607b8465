import type { JsonArray, JsonObject, JsonValue } from '../core/json.ts'
import { isJsonArray, isJsonObject } from '../core/json.ts'

/** One expression in, one out. Expressions are in normal form. */
export type Rewrite = (expression: JsonValue) => JsonValue

/** The value of an object's only member, when that is what it has. */
export function soleMember(value: JsonValue | undefined, key: string): JsonValue | undefined {
  if (!isJsonObject(value) || !Object.hasOwn(value, key)) return undefined
  return Object.keys(value).length === 1 ? value[key] : undefined
}

/** An object with each value rewritten, keys and order kept. */
export const mapMembers = (object: JsonObject, rewrite: Rewrite): JsonObject =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, rewrite(value)]))

/** Does this argument of `if` give its value? Every second one does, and an odd last one. */
export const isBranch = (index: number, count: number): boolean =>
  index % 2 === 1 || (index === count - 1 && count % 2 === 1)

/**
 * A rewrite that renames the first segment of every `var` path and touches nothing else: neither defaults nor texts
 * that only look like paths. Of a computed path the first piece of `cat` is renamed, and each branch of `if`.
 * A callback's item is not told from the root data: a field of an item that has a root's name is renamed with it.
 */
export function renameRoots(roots: ReadonlyMap<string, string>): Rewrite {
  const rewrite: Rewrite = (expression) => {
    if (isJsonArray(expression)) return expression.map(rewrite)
    if (!isJsonObject(expression)) return expression
    const argument = soleMember(expression, 'var')
    return argument === undefined ? mapMembers(expression, rewrite) : { var: rewriteArgument(argument) }
  }
  const rewriteArgument = (argument: JsonValue): JsonValue => {
    if (!isJsonArray(argument)) return rewritePath(argument)
    const [path, ...defaults] = argument
    return path === undefined ? argument : [rewritePath(path), ...defaults]
  }
  const rewritePath = (path: JsonValue, next?: JsonValue): JsonValue => {
    if (typeof path === 'string') return isWholeRoot(path, next) ? renameRoot(path, roots) : path
    const pieces = soleMember(path, 'cat')
    if (isJsonArray(pieces)) return { cat: rewritePieces(pieces) }
    const choices = soleMember(path, 'if')
    if (!isJsonArray(choices)) return rewrite(path)
    return {
      if: choices.map((choice, index) => (isBranch(index, choices.length) ? rewritePath(choice) : rewrite(choice))),
    }
  }
  const rewritePieces = ([first, ...rest]: JsonArray): JsonArray =>
    first === undefined ? [] : [rewritePath(first, rest[0]), ...rest.map(rewrite)]
  return rewrite
}

/** In `cat` a piece without a dot may be half a name: then the next piece says, when it is a text. */
const isWholeRoot = (piece: string, next: JsonValue | undefined): boolean =>
  piece.includes('.') || typeof next !== 'string' || next.startsWith('.')

function renameRoot(path: string, roots: ReadonlyMap<string, string>): string {
  const end = path.indexOf('.')
  const root = end < 0 ? path : path.slice(0, end)
  return (roots.get(root) ?? root) + path.slice(root.length)
}
