import { lookUp, parsePath } from '../jlvm/scope.ts'
import type { Value } from '../jlvm/value.ts'
import { isList, isMap } from '../jlvm/value.ts'
import type { Transaction } from './transaction.ts'

type ValueMap = ReadonlyMap<string, Value>

/** A value with the gas that its look-ups report. */
type Read = { readonly value: Value; readonly gas: number }

/**
 * The payload of a trigger as it arrives: every `{"var": path}` inside the already evaluated value is looked up once
 * more, while other operators stay data. Charges the look-ups as a node meters them: those inside a map cost nothing.
 * Undefined where a look-up has no usable path, for then the entry is dropped.
 * @see OttoChain `ExpressionParser.valueToExpression`, as used by `EffectExtractor`
 */
export function readAgain(transaction: Transaction, value: Value, context: Value): Value | undefined {
  if (!holdsReference(value)) return value
  const read = resolve(value, context)
  transaction.gasUsed += read?.gas ?? 0
  return read?.value
}

const isReference = (value: Value): value is ValueMap => isMap(value) && value.size === 1 && value.has('var')

function holdsReference(value: Value): boolean {
  if (isReference(value)) return true
  if (isList(value)) return value.some(holdsReference)
  return isMap(value) && value.values().some(holdsReference)
}

function resolve(value: Value, context: Value): Read | undefined {
  if (isReference(value)) return resolveReference(value.get('var') ?? null, context)
  if (isList(value)) return resolveList(value, context)
  return isMap(value) ? resolveMap(value, context) : { value, gas: 0 }
}

function resolveList(list: readonly Value[], context: Value): Read | undefined {
  const items: Value[] = []
  let gas = 0
  for (const item of list) {
    const read = resolve(item, context)
    if (read === undefined) return undefined
    items.push(read.value)
    gas += read.gas
  }
  return { value: items, gas }
}

function resolveMap(map: ValueMap, context: Value): Read | undefined {
  const entries = new Map<string, Value>()
  for (const [key, item] of map) {
    const read = resolve(item, context)
    if (read === undefined) return undefined
    entries.set(key, read.value)
  }
  return { value: entries, gas: 0 }
}

/** A path, a path with a default, or something that gives a path: a text, or an array that begins with one. */
function resolveReference(reference: Value, context: Value): Read | undefined {
  if (typeof reference === 'string') return follow(reference, context)
  if (isList(reference) && typeof reference[0] === 'string' && reference.length <= 2) {
    const [path, fallback] = reference
    const read = follow(path, context)
    return read.value === null && path !== '' && fallback !== undefined ? { value: fallback, gas: 0 } : read
  }
  const computed = resolve(reference, context)?.value
  const path = isList(computed) ? computed[0] : computed
  return typeof path === 'string' ? follow(path, context) : undefined
}

function follow(text: string, context: Value): Read {
  const path = parsePath(text)
  return { value: lookUp(path, context, undefined), gas: path.gas }
}
