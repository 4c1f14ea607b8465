import { Decimal } from './decimal.ts'
import { EvaluationError } from './errors.ts'
import { maxValueDepth } from './limits.ts'
import type { Machine } from './machine.ts'
import { textOf } from './text.ts'
import type { Value } from './value.ts'
import { isList, isMap } from './value.ts'

/** Writing an item takes longer than comparing one: up to a microsecond where it is a float. */
const workPerItem = 100

/**
 * A text that two values share exactly when they are structurally equal.
 * @throws EvaluationError where the value nests deeper than `maxValueDepth`; OutOfGasError where it is too large
 */
export function structureKey(value: Value, machine: Machine, depth = 0): string {
  if (depth > maxValueDepth) throw new EvaluationError(`A value nests deeper than ${maxValueDepth} levels.`)
  if (isList(value)) return listKey(value, machine, depth + 1)
  if (isMap(value)) return mapKey(value, machine, depth + 1)
  if (value instanceof Decimal) return `f${textOf(normalized(value), machine)}`
  if (typeof value !== 'string') return `${typeof value}${textOf(value, machine)}`
  machine.strain(value.length)
  return JSON.stringify(value)
}

function listKey(list: readonly Value[], machine: Machine, depth: number): string {
  machine.strain(workPerItem * list.length)
  return `[${list.map((item) => structureKey(item, machine, depth)).join()}]`
}

function mapKey(map: ReadonlyMap<string, Value>, machine: Machine, depth: number): string {
  machine.strain(workPerItem * map.size)
  const members = [...map.keys()].sort().map((key) => {
    machine.strain(key.length)
    return `${JSON.stringify(key)}:${structureKey(map.get(key) ?? null, machine, depth)}`
  })
  return `{${members.join()}}`
}

/** Without zeros at the end: floats compare by size. */
function normalized({ mantissa, scale }: Decimal): Decimal {
  if (mantissa === 0n) return new Decimal(0n, 0)
  if (mantissa % 10n !== 0n) return new Decimal(mantissa, scale)
  const digits = String(mantissa)
  const zeros = /0*$/.exec(digits)?.[0].length ?? 0
  return new Decimal(BigInt(zeros === 0 ? digits : digits.slice(0, -zeros)), scale - zeros)
}
