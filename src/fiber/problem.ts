/** Why a message is rejected: nothing of it is stored. The names are those of a node's validation errors. */
export type ProblemCode =
  | 'AmbiguousTransitions'
  | 'ArrayTooLarge'
  | 'CidAlreadyExists'
  | 'CidNotFound'
  | 'DuplicateTransitions'
  | 'ExpressionTooDeep'
  | 'FiberNotActive'
  | 'FiberNotFound'
  | 'InitialStateNotFound'
  | 'MapTooLarge'
  | 'NoProofsProvided'
  | 'NoStatesInDefinition'
  | 'NoTransitionForEvent'
  | 'NotMapValue'
  | 'NotMapValueOrNull'
  | 'NotSignedByOwner'
  | 'OracleAccessDenied'
  | 'OracleNotFound'
  | 'ParentFiberNotActive'
  | 'ParentFiberNotFound'
  | 'ReservedOperatorAsFieldName'
  | 'SequenceNumberMismatch'
  | 'StringContainsControlChars'
  | 'StringTooLong'
  | 'TooManyStates'
  | 'TooManyTransitions'
  | 'TooManyTransitionsPerState'
  | 'TransitionFromInvalidState'
  | 'TransitionToInvalidState'
  | 'ValueIsNull'
  | 'ValueTooLarge'

/** One thing wrong with a message. `detail` names the place or the value, where there is one. */
export type Problem = { readonly code: ProblemCode; readonly message: string; readonly detail?: string }

/** The problem when it is one, nothing otherwise: rules read as a condition and what it means. */
export const when = (wrong: boolean, code: ProblemCode, message: string, detail?: string): readonly Problem[] =>
  wrong ? [detail === undefined ? { code, message } : { code, message, detail }] : []
