import { EvaluationError } from './errors.ts'
import type { Machine } from './machine.ts'
import { toPosition } from './numeric.ts'
import type { Operators } from './operator.ts'
import { anyCount, binary, unary, variadic } from './operator.ts'
import { listOf } from './operators-array.ts'
import { textOf, writeText } from './text.ts'
import type { Value } from './value.ts'
import { typeName } from './value.ts'

/** Texts, in UTF-16 units. */
export const stringOperators: Operators = {
  cat: variadic(5, anyCount, cat),
  substr: variadic(8, [2, 3], substring),
  lower: unary(3, (value, machine) => stringOf(value, 'lower', machine).toLowerCase()),
  upper: unary(3, (value, machine) => stringOf(value, 'upper', machine).toUpperCase()),
  trim: unary(5, (value, machine) => trimControls(stringOf(value, 'trim', machine))),
  join: binary(10, join),
  split: binary(15, split),
  startsWith: binary(5, (text, part, machine) => edge(text, part, 'startsWith', machine)),
  endsWith: binary(5, (text, part, machine) => edge(text, part, 'endsWith', machine)),
}

/** The value as a text, whose length counts as work. @throws EvaluationError for any other type */
function stringOf(value: Value, operator: string, machine: Machine): string {
  if (typeof value !== 'string') throw new EvaluationError(`\`${operator}\` takes a text, not a ${typeName(value)}.`)
  machine.strain(value.length)
  return value
}

function cat(values: readonly Value[], machine: Machine): Value {
  let text = ''
  for (const value of values) {
    const part = writeText(value, machine)
    if (part === undefined) throw new EvaluationError(`\`cat\` takes no ${typeName(value)}.`)
    text += part
    machine.reserve(text.length)
  }
  return text
}

/** A negative start counts from the end; a negative length leaves out so many units there. */
function substring([value = null, start, length]: readonly Value[], machine: Machine): Value {
  const text = stringOf(value, 'substr', machine)
  const first = toPosition(start)
  const from = Math.max(0, Math.min(first < 0 ? text.length + first : first, text.length))
  const units = length === undefined ? text.length : toPosition(length)
  const to = units >= 0 ? Math.min(from + units, text.length) : Math.max(0, text.length + units)
  machine.reserve(Math.max(0, to - from))
  return to <= from ? '' : text.slice(from, to)
}

/** Without units up to U+0020 at both ends. @see java.lang.String.trim */
function trimControls(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && text.charCodeAt(from) <= 0x20) from += 1
  while (to > from && text.charCodeAt(to - 1) <= 0x20) to -= 1
  return text.slice(from, to)
}

function join(items: Value, separator: Value, machine: Machine): Value {
  const list = listOf(items, 'join')
  const glue = stringOf(separator, 'join', machine)
  machine.reserve(Math.max(0, list.length - 1) * glue.length)
  machine.strain(list.length)
  const parts = list.map((item) => textOf(item, machine))
  machine.reserve(parts.reduce((sum, part) => sum + part.length, machine.extra))
  return parts.join(glue)
}

function split(value: Value, separator: Value, machine: Machine): Value {
  const text = stringOf(value, 'split', machine)
  const mark = stringOf(separator, 'split', machine)
  if (mark === '') throw new EvaluationError('`split` takes no empty separator.')
  // One part more than the gas can pay for shows that there are too many.
  const parts = text.split(mark, Math.max(0, Math.floor(machine.affordable / 2)) + 1)
  machine.reserve(2 * parts.length)
  return parts
}

/** Null on either side gives false, as long as the other is a text or the first null. */
function edge(text: Value, part: Value, operator: 'startsWith' | 'endsWith', machine: Machine): Value {
  if (text === null) return false
  const whole = stringOf(text, operator, machine)
  return part !== null && whole[operator](stringOf(part, operator, machine))
}
