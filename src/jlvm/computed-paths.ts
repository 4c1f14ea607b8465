import { close, open } from './calls.ts'
import { pathCode } from './codes.ts'
import { EvaluationError } from './errors.ts'
import type { Code, Machine } from './machine.ts'
import type { Operator } from './operator.ts'
import { parsePath, pathWork } from './scope.ts'
import type { Value } from './value.ts'
import { isList } from './value.ts'

/** A variable whose path is computed: a text, or an array that begins with one. Its computation drains the budget only. */
export function computedPathCode(pathOf: Code, fallback: Value | undefined): Code {
  const follow = followText(fallback)
  return (machine, context) => follow(pathOf(machine, context), machine, context)
}

/**
 * `{"var": {"cat": [prefix, index]}}`: the way to an element, so common that it is worth not building the text. Gives
 * and costs what `computedPathCode` over the call of `cat` does.
 * @param prefix a literal that ends in a dot
 */
export function indexedPathCode(
  { gas, apply }: Operator & { shape: 'variadic' },
  prefix: string,
  indexOf: Code,
  fallback: Value | undefined,
): Code {
  const follow = followText(fallback)
  const known: Code[] = []
  return (machine, context) => {
    const index = indexOf(machine, context)
    const { cost, depth } = machine
    open(machine, gas, cost, depth)
    const small = smallIndex(index)
    if (small < 0) return follow(close(machine, gas, depth, apply([prefix, index], machine)), machine, context)
    machine.reserve(prefix.length + (small < 10 ? 1 : 2))
    close(machine, gas, depth, index)
    known[small] ??= pathCode(parsePath(prefix + small), fallback)
    return known[small](machine, context)
  }
}

/** Indexes whose paths are kept in parsed form. */
const maxSmallIndex = 64

/** The value as an index that is worth keeping, else -1. */
function smallIndex(value: Value): number {
  const index = typeof value === 'bigint' ? Number(value) : -1
  return index < maxSmallIndex ? index : -1
}

/** Texts of paths that one piece of code keeps in parsed form, and the length of the longest. */
const maxKnownPaths = 64
const maxKnownLength = 128

type Follow = (path: Value, machine: Machine, context: Value | undefined) => Value

function followText(fallback: Value | undefined): Follow {
  const known = new Map<string, Code>()
  return (path, machine, context) => {
    const text = isList(path) ? path[0] : path
    if (typeof text !== 'string') throw new EvaluationError('A computed path is no text.')
    machine.strain(pathWork(text)) // known or not: the work of an evaluation is its own
    let code = known.get(text)
    if (code === undefined) {
      code = pathCode(parsePath(text), fallback)
      if (known.size < maxKnownPaths && text.length <= maxKnownLength) known.set(text, code)
    }
    return code(machine, context)
  }
}
