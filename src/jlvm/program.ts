import type { JsonValue } from '../core/json.ts'
import { callCode } from './calls.ts'
import type { Repeated } from './codes.ts'
import { constantCode, failingCode, ifCode, listCode, mapCode, pathCode, repeatedCode } from './codes.ts'
import { computedPathCode, indexedPathCode } from './computed-paths.ts'
import type { Expression, Reference } from './expression.ts'
import { readExpression } from './expression.ts'
import { maxEvaluationDepth, maxJsonDepth } from './limits.ts'
import type { Code } from './machine.ts'
import { operators } from './operators.ts'
import { parsePath } from './scope.ts'
import type { Value } from './value.ts'
import { fromJson } from './value.ts'

/** A compiled expression. Immutable and shareable; what is inside is the machine's own. */
export type Program = { readonly code: Code }

/**
 * Compiles an expression. Never fails: what is wrong with an expression shows when that part of it runs, and so does
 * nesting past `maxEvaluationDepth`.
 * @see metakit 1.7.0-rc.9 `JsonLogicRuntime`
 */
export const compile = (expression: JsonValue): Program => ({
  code: compileAt(expression, { nesting: 0, level: 0, repeated: new Map() }).code,
})

/**
 * How deep an expression stands, and within how many callbacks. `repeated` has the loops seen so far by their text, and
 * is absent within loops: their own parts are not worth a second look.
 */
type Place = { readonly nesting: number; readonly level: number; readonly repeated?: Map<string, Repeated> }

/** Code, and the value where it is always the same one at no cost. */
type Compiled = { readonly code: Code; readonly constant?: Value }

function compileAt(json: JsonValue, place: Place): Compiled {
  const expression = readExpression(json)
  if (expression.form === 'constant') return constant(fromJson(expression.value))
  if (place.nesting >= maxEvaluationDepth)
    return { code: failingCode(`The expression nests deeper than ${maxEvaluationDepth} levels.`) }
  const inner = { ...place, nesting: place.nesting + 1 }
  if (expression.form === 'list') return compileList(expression.items, inner)
  if (expression.form === 'map') return compileMap(Object.entries(expression.members), inner)
  if (expression.form === 'reference') return { code: compileReference(expression, inner) }
  return { code: isLoop(expression) ? compileLoop(json, expression, inner) : compileCall(expression, inner) }
}

const constant = (value: Value): Compiled => ({ code: constantCode(value), constant: value })

function compileList(items: readonly JsonValue[], place: Place): Compiled {
  const compiled = items.map((item) => compileAt(item, place))
  const values = compiled.flatMap(({ constant: value }) => (value === undefined ? [] : [value]))
  return values.length === items.length ? constant(values) : { code: listCode(compiled.map(({ code }) => code)) }
}

function compileMap(members: readonly (readonly [string, JsonValue])[], place: Place): Compiled {
  const compiled = members.map(([key, member]) => [key, compileAt(member, place)] as const)
  const values = new Map<string, Value>()
  for (const [key, { constant: value }] of compiled) if (value !== undefined) values.set(key, value)
  return values.size === members.length
    ? constant(values)
    : { code: mapCode(compiled.map(([key, { code }]) => [key, code])) }
}

function compileReference({ path, fallback }: Reference, place: Place): Code {
  if (fallback !== undefined && isTooDeep(fallback))
    return failingCode(`A default nests deeper than ${maxJsonDepth} levels.`)
  const value = fallback === undefined ? undefined : fromJson(fallback)
  if ('literal' in path) return pathCode(parsePath(path.literal), value)
  return compileElement(path.computed, value, place) ?? computedPathCode(compileAt(path.computed, place).code, value)
}

/** A computed path of the form `{"cat": ["prefix.", index]}`. */
function compileElement(json: JsonValue, fallback: Value | undefined, place: Place): Code | undefined {
  const expression = readExpression(json)
  const cat = operators.get('cat')
  if (expression.form !== 'call' || expression.operator !== 'cat' || cat?.shape !== 'variadic') return undefined
  const [prefix, index, ...more] = expression.args
  if (typeof prefix !== 'string' || !prefix.endsWith('.') || index === undefined || more.length > 0) return undefined
  const code = compileAt(index, { ...place, nesting: place.nesting + 1 }).code
  return place.nesting < maxEvaluationDepth ? indexedPathCode(cat, prefix, code, fallback) : undefined
}

type Call = Expression & { readonly form: 'call' }

const isLoop = ({ operator }: Call): boolean => operators.get(operator)?.shape === 'loop'

function compileLoop(json: JsonValue, call: Call, { repeated, ...place }: Place): Code {
  if (repeated === undefined || isTooDeep(json)) return compileCall(call, place)
  const text = JSON.stringify(json)
  const known = repeated.get(text) ?? { code: compileCall(call, place), places: 0 }
  known.places += 1
  repeated.set(text, known)
  return repeatedCode(known)
}

/** Walks no further down than that, so that no expression overflows the stack, run or not. */
const isTooDeep = (json: JsonValue, levels = maxJsonDepth): boolean =>
  typeof json === 'object' &&
  json !== null &&
  (levels === 0 || Object.values(json).some((inner) => isTooDeep(inner, levels - 1)))

function compileCall({ operator: name, args }: Call, place: Place): Code {
  const operator = operators.get(name)
  const callee = { ...place, level: place.level + 1 }
  const codes = args.map(
    (arg, index) => compileAt(arg, operator?.shape === 'loop' && index === 1 ? callee : place).code,
  )
  const [first] = codes
  if (operator?.shape === 'if') return ifCode(codes)
  // A node runs this operator with the frame of a computed path: an argument, if there is one, is looked up.
  if (operator?.shape === 'noop' && first !== undefined) return computedPathCode(first, undefined)
  return operator === undefined || operator.shape === 'noop'
    ? failingCode(`\`${name}\` cannot be called.`)
    : callCode(operator, { name, args: codes, level: place.level })
}
