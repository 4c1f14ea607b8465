import { OutOfGasError } from './errors.ts'
import type { Value } from './value.ts'

/** A compiled expression: gives its value, and leaves that value's cost and depth in the machine. */
export type Code = (machine: Machine, context: Value | undefined) => Value

/** A result of this evaluation, with all that finding it took. */
type Known = {
  readonly value: Value
  readonly cost: number
  readonly depth: number
  readonly gas: number
  readonly work: number
}

/** Gas of each level of nesting. @see metakit 1.7.0-rc.9 `GasConfig.depthPenaltyMultiplier` */
export const depthGas = 5

/**
 * Work that gas does not price (values compared, characters read, elements of literals) in units of a few nanoseconds:
 * so many come with each gas of the limit, besides a first allowance. A node has no such bound.
 */
const workPerGas = 10
const firstWork = 100_000

/**
 * The state of one evaluation. A node meters two numbers. The *cost* travels with each value and is what gets reported;
 * the *budget* is drained by operator calls alone, each of which pays again for what its arguments carry.
 * @see metakit 1.7.0-rc.9 `GasAwareSemantics`
 */
export class Machine {
  readonly root: Value
  /** Reported cost and depth of the value that was computed last. */
  cost = 0
  depth = 0
  /** What the running call owes besides its extra, and its extra once known. */
  due = 0
  extra = 0
  /** Sum of the costs and largest depth of the callbacks of the running call; -1 before the first. */
  keptCost = 0
  keptDepth = -1
  private known: Map<Code, Known> | undefined
  private budget: number
  private work: number
  private readonly gasLimit: number

  constructor(root: Value, gasLimit: number) {
    this.root = root
    this.gasLimit = gasLimit
    this.budget = gasLimit
    this.work = firstWork + workPerGas * gasLimit
  }

  /** @throws OutOfGasError where the budget cannot pay */
  spend(gas: number): void {
    if (gas > this.budget) throw new OutOfGasError(this.gasLimit)
    this.budget -= gas
  }

  /** How many more units of gas the running call could pay as its extra. */
  get affordable(): number {
    return this.budget - this.due
  }

  /**
   * Sets the extra of the running call, before it does the work that the extra pays for.
   * @throws OutOfGasError where the budget could not pay it afterwards
   */
  reserve(extra: number): void {
    if (this.due + extra > this.budget) throw new OutOfGasError(this.gasLimit)
    this.extra = extra
  }

  /**
   * Counts work that gas does not price.
   * @throws OutOfGasError where the allowance is spent
   */
  strain(work: number): void {
    if (work > this.work) throw new OutOfGasError(this.gasLimit)
    this.work -= work
  }

  /** Runs a callback over an item and keeps its cost for the running call. */
  visit(callback: Code, item: Value): Value {
    const value = callback(this, item)
    this.keptCost += this.cost
    if (this.depth > this.keptDepth) this.keptDepth = this.depth
    return value
  }

  /**
   * Runs code outside callbacks once for this evaluation. Asked again, it gives the same and takes the same gas and
   * work: whatever runs out now would have run out on the way.
   */
  once(code: Code): Value {
    const known = this.known?.get(code)
    if (known === undefined) return this.runFirst(code)
    this.spend(known.gas)
    this.strain(known.work)
    this.cost = known.cost
    this.depth = known.depth
    return known.value
  }

  private runFirst(code: Code): Value {
    const { budget, work } = this
    const value = code(this, undefined)
    const { cost, depth } = this
    this.known ??= new Map()
    this.known.set(code, { value, cost, depth, gas: budget - this.budget, work: work - this.work })
    return value
  }
}
