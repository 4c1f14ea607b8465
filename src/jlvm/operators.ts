import type { Operator } from './operator.ts'
import { arrayOperators } from './operators-array.ts'
import { logicOperators } from './operators-logic.ts'
import { loopOperators } from './operators-loop.ts'
import { mapOperators } from './operators-map.ts'
import { numericOperators } from './operators-numeric.ts'
import { stringOperators } from './operators-string.ts'

/** Every operator of the machine by name: one table, written down by families. @see metakit 1.7.0-rc.9 `JsonLogicOp` */
export const operators: ReadonlyMap<string, Operator> = new Map(
  [logicOperators, numericOperators, arrayOperators, loopOperators, stringOperators, mapOperators].flatMap(
    Object.entries<Operator>,
  ),
)
