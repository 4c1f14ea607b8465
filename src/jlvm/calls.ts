import { EvaluationError } from './errors.ts'
import type { Code, Machine } from './machine.ts'
import { depthGas } from './machine.ts'
import type { Loop, Operator } from './operator.ts'
import type { Value } from './value.ts'
import { isList } from './value.ts'

/** A call of an operator other than `if` and `noop`. */
export type Call = {
  readonly name: string
  readonly args: readonly Code[]
  /** How many callbacks the call stands in. */
  readonly level: number
}

/**
 * A call: evaluates the arguments, pays the base, runs the operator, then pays what the result carries, the gas of its
 * depth and the extra. With a wrong number of arguments it fails where the operator would have run.
 * @see metakit 1.7.0-rc.9 `GasAwareSemantics.applyOp`
 */
export function callCode(operator: Operator, call: Call): Code {
  const { args } = call
  const [first, second] = args
  if (operator.shape === 'unary' && first && args.length === 1) return unaryCode(operator, first)
  if (operator.shape === 'binary' && first && second && args.length === 2) return binaryCode(operator, first, second)
  if (operator.shape === 'variadic' && isWithin(operator, args)) {
    const { gas, pair } = operator
    return pair && first && second && args.length === 2
      ? binaryCode({ gas, apply: pair }, first, second)
      : variadicCode(operator, args)
  }
  if (operator.shape === 'loop' && first && isWithin(operator, args))
    return loopCode(operator, first, second ?? everything, args[2], call.level)
  return miscountCode(operator, call)
}

type Shaped<Shape> = Operator & { readonly shape: Shape }

const isWithin = ({ least, most }: { least: number; most: number }, args: readonly Code[]): boolean =>
  args.length >= least && args.length <= most

function unaryCode({ gas, apply }: Shaped<'unary'>, argument: Code): Code {
  return (machine, context) => {
    const value = argument(machine, context)
    const { cost, depth } = machine
    open(machine, gas, cost, depth)
    return close(machine, gas, depth, apply(value, machine))
  }
}

function binaryCode({ gas, apply }: Pick<Shaped<'binary'>, 'gas' | 'apply'>, leftCode: Code, rightCode: Code): Code {
  return (machine, context) => {
    const left = leftCode(machine, context)
    const { cost, depth: leftDepth } = machine
    const right = rightCode(machine, context)
    const depth = Math.max(leftDepth, machine.depth)
    open(machine, gas, cost + machine.cost, depth)
    return close(machine, gas, depth, apply(left, right, machine))
  }
}

function variadicCode({ gas, apply }: Shaped<'variadic'>, args: readonly Code[]): Code {
  return (machine, context) => {
    const values: Value[] = []
    let cost = 0
    let depth = 0
    for (const arg of args) {
      values.push(arg(machine, context))
      cost += machine.cost
      if (machine.depth > depth) depth = machine.depth
    }
    open(machine, gas, cost, depth)
    return close(machine, gas, depth, apply(values, machine))
  }
}

/** Pays the base, and notes what the call will owe whatever its extra. */
export function open(machine: Machine, gas: number, carried: number, depth: number): void {
  machine.spend(gas)
  machine.due = carried + depthGas * (depth + 1)
  machine.extra = 0
}

/** Pays the rest, and leaves cost and depth of the result. */
export function close(machine: Machine, gas: number, depth: number, value: Value): Value {
  const rest = machine.due + machine.extra
  machine.spend(rest)
  machine.cost = gas + rest
  machine.depth = depth + 1
  return value
}

/** A callback that stands one level deeper, and whose result is at least one level deeper than that. */
function loopCode(operator: Loop, itemsCode: Code, callback: Code, thirdCode: Code | undefined, level: number): Code {
  const { gas, keeps, apply } = operator
  const leastDepth = level + 2
  return (machine, context) => {
    const items = itemsCode(machine, context)
    let { cost, depth } = machine
    const third = thirdCode?.(machine, context)
    if (thirdCode !== undefined) {
      cost += machine.cost
      depth = Math.max(depth, machine.depth)
    }
    const size = isList(items) ? items.length : 0
    open(machine, gas, keeps === 'everything' ? cost : 0, depth)
    machine.reserve(size)
    const { due, keptCost, keptDepth } = machine
    machine.keptCost = 0
    machine.keptDepth = -1
    const value = apply(items, callback, machine, third)
    const isKept = keeps !== 'nothing' && machine.keptDepth >= 0
    machine.due = due + (isKept ? machine.keptCost : 0)
    machine.extra = size
    const callbackDepth = isKept ? Math.max(machine.keptDepth, leastDepth) : 0
    machine.keptCost = keptCost
    machine.keptDepth = keptDepth
    close(machine, gas, depth, value)
    machine.depth = Math.max(machine.depth, callbackDepth)
    return value
  }
}

const everything: Code = (machine) => {
  machine.cost = 0
  machine.depth = 0
  return true
}

/** Arguments are evaluated and the base is paid before their number is found wrong. */
function miscountCode(operator: Operator, { name, args }: Call): Code {
  const evaluated = operator.shape === 'loop' ? args.filter((_, index) => index !== 1) : args
  return (machine, context) => {
    let cost = 0
    let depth = 0
    for (const arg of evaluated) {
      arg(machine, context)
      cost += machine.cost
      depth = Math.max(depth, machine.depth)
    }
    open(machine, operator.gas, cost, depth)
    if (operator.shape !== 'binary' || operator.otherwise === undefined)
      throw new EvaluationError(`\`${name}\` does not take ${args.length} arguments.`)
    return close(machine, operator.gas, depth, operator.otherwise)
  }
}
