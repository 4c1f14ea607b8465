import { BaseError } from './errors.ts'
import type { JsonObject } from './json.ts'

/** Where one may go from each state. A state without a way out is an end. */
export type Transitions<State extends string> = { readonly [From in State]: readonly State[] }

/** A step that the table does not have, or that its guard refused. Rule: the table of the machine. */
export class IllegalTransitionError extends BaseError {
  override readonly code = 'ILLEGAL_TRANSITION'
  override readonly kind = 'conflict'
  constructor({ name, from, to, allowed }: { name: string; from: string; to: string; allowed: readonly string[] }) {
    super(`${name} cannot go from ${from} to ${to}.`, {
      details: { name, from, to, allowed },
      hint: allowed.length === 0 ? `${from} is an end.` : `From ${from} it can go to: ${allowed.join(', ')}.`,
    })
  }
}

/** A step that was made. `facts` are what the one who asked for it says about it. */
export type Transition<State extends string> = {
  readonly from: State
  readonly to: State
  readonly facts: JsonObject
}

export type MachineOptions<State extends string> = {
  /** What it is, for errors. */
  readonly name: string
  readonly initial: State
  /** Refuses steps that the table has; all are let through unless told. */
  readonly guard?: (from: State, to: State) => boolean
  /** Told after each step. Returns at once, never throws. */
  readonly onTransition?: (transition: Transition<State>) => void
}

/** Something that is in one state at a time. */
export type Machine<State extends string> = {
  state(): State
  /** Where it may go now. */
  allowed(): readonly State[]
  /** @throws IllegalTransitionError with the states that are allowed; then nothing has changed */
  go(to: State, facts?: JsonObject): void
}

/**
 * A state machine as a table.
 * @example createMachine({ on: ['off'], off: ['on'] }, { name: 'lamp', initial: 'off' }).go('on')
 */
export function createMachine<State extends string>(
  transitions: Transitions<State>,
  { name, initial, guard = () => true, onTransition = () => {} }: MachineOptions<State>,
): Machine<State> {
  let current = initial
  const allowed = (): readonly State[] => transitions[current].filter((to) => guard(current, to))
  return {
    state: () => current,
    allowed,
    go(to, facts = {}) {
      const from = current
      if (!allowed().includes(to)) throw new IllegalTransitionError({ name, from, to, allowed: allowed() })
      current = to
      onTransition({ from, to, facts })
    },
  }
}
