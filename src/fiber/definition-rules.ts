import type { JsonValue } from '../core/json.ts'
import { readExpression } from '../jlvm/expression.ts'
import { expressionDepth, normalize } from '../jlvm/normal-form.ts'
import { operatorNames } from '../jlvm/operator-names.ts'
import { canonicalize } from '../signing/canonical.ts'
import type { Limits } from './limits.ts'
import type { Definition, Transition } from './messages.ts'
import type { Problem } from './problem.ts'
import { when } from './problem.ts'

/** One rule about definitions. */
type DefinitionRule = (definition: Definition, limits: Limits) => readonly Problem[]

/** Everything wrong with a definition; nothing for a sound one. @see OttoChain `FiberRules.L1` */
export const definitionProblems = (definition: Definition, limits: Limits): readonly Problem[] =>
  rules.flatMap((rule) => rule(definition, limits))

const rules: readonly DefinitionRule[] = [
  ({ states }) => when(Object.keys(states).length === 0, 'NoStatesInDefinition', 'The definition has no states.'),
  ({ states, initialState }) =>
    when(
      !Object.hasOwn(states, initialState),
      'InitialStateNotFound',
      'The initial state is not defined.',
      initialState,
    ),
  ({ states, transitions }) =>
    transitions.flatMap(({ from }) =>
      when(!Object.hasOwn(states, from), 'TransitionFromInvalidState', 'A transition leaves an unknown state.', from),
    ),
  ({ states, transitions }) =>
    transitions.flatMap(({ to }) =>
      when(!Object.hasOwn(states, to), 'TransitionToInvalidState', 'A transition enters an unknown state.', to),
    ),
  ({ transitions }) =>
    when(rivals(transitions).some(hasTwins), 'DuplicateTransitions', 'Two transitions are equal in every field.'),
  ({ transitions }) =>
    when(
      rivals(transitions).some((group) => group.some(({ guard }) => guard === true)),
      'AmbiguousTransitions',
      'Several transitions share a state and an event, and the guard of one is always true.',
    ),
  ({ states }, limits) =>
    when(
      Object.keys(states).length > limits.states,
      'TooManyStates',
      `The definition has more than ${limits.states} states.`,
    ),
  ({ transitions }, limits) =>
    when(
      transitions.length > limits.transitions,
      'TooManyTransitions',
      `The definition has more than ${limits.transitions} transitions.`,
    ),
  ({ transitions }, limits) =>
    when(
      [...Map.groupBy(transitions, ({ from }) => from).values()].some(
        (group) => group.length > limits.transitionsPerState,
      ),
      'TooManyTransitionsPerState',
      `More than ${limits.transitionsPerState} transitions leave one state.`,
    ),
  ({ transitions }, limits) =>
    expressionsOf(transitions).flatMap(([place, expression]) => depthProblems(expression, place, limits)),
  ({ transitions }) => {
    const [found] = expressionsOf(transitions).flatMap(([place, expression]) =>
      reservedNames(expression).map((name) => `${name} in ${place}`),
    )
    return when(
      found !== undefined,
      'ReservedOperatorAsFieldName',
      'A field of an object has the name of an operator.',
      found,
    )
  },
]

/** An expression nested past the limit. @see OttoChain `CommonRules.expressionWithinDepthLimit` */
export const depthProblems = (expression: JsonValue, place: string, limits: Limits): readonly Problem[] =>
  when(
    expressionDepth(expression) > limits.expressionDepth,
    'ExpressionTooDeep',
    `The expression nests deeper than ${limits.expressionDepth} levels.`,
    place,
  )

/** Transitions that compete for one state and event, where there are several. */
const rivals = (transitions: readonly Transition[]): readonly (readonly Transition[])[] =>
  [...Map.groupBy(transitions, ({ from, eventName }) => JSON.stringify([from, eventName])).values()].filter(
    (group) => group.length > 1,
  )

const hasTwins = (group: readonly Transition[]): boolean => new Set(group.map(fingerprint)).size < group.length

/** Within one state and event: target, expressions whatever their spelling, and dependencies whatever their order. */
const fingerprint = ({ to, guard, effect, dependencies }: Transition): string =>
  canonicalize([to, normalize(guard), normalize(effect), [...new Set(dependencies)].sort()])

const expressionsOf = (transitions: readonly Transition[]): readonly (readonly [string, JsonValue])[] =>
  transitions.flatMap(({ guard, effect }, index) => [
    [`transitions[${index}].guard`, guard] as const,
    [`transitions[${index}].effect`, effect] as const,
  ])

/** Operator names that stand as keys of object literals: one alone would have made a call of its object. */
function reservedNames(expression: JsonValue): readonly string[] {
  const read = readExpression(expression)
  switch (read.form) {
    case 'constant':
      return []
    case 'reference':
      return 'computed' in read.path ? reservedNames(read.path.computed) : []
    case 'call':
      return read.args.flatMap(reservedNames)
    case 'list':
      return read.items.flatMap(reservedNames)
    case 'map':
      return Object.entries(read.members).flatMap(([key, member]) =>
        operatorNames.has(key) ? [key, ...reservedNames(member)] : reservedNames(member),
      )
  }
}
