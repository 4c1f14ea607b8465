import type { JsonValue } from '../../src/core/json.ts'
import { createEngine } from '../../src/fiber/engine.ts'
import type { Limits } from '../../src/fiber/limits.ts'
import type { AccessControl, Definition, Message, Transition } from '../../src/fiber/messages.ts'
import type { Outcome } from '../../src/fiber/outcome.ts'
import type { Fiber, MachineRecord, ScriptRecord } from '../../src/fiber/records.ts'
import { proofsOf } from './scenario.ts'

/** Ids of fibers, by a digit. */
export const idOf = (digit: string): string => `00000000-0000-4000-8000-${digit.padStart(12, '0')}`

/** A guard that always holds without being the literal `true`. */
export const always: JsonValue = { '==': [1, 1] }

/** A transition from s to s that always applies and changes nothing, with some fields replaced. */
export const transition = (fields: Partial<Transition> = {}): Transition => ({
  from: 's',
  to: 's',
  eventName: 'go',
  guard: always,
  effect: {},
  dependencies: [],
  ...fields,
})

/** A definition over the states s and t that begins in s. */
export const definition = (transitions: readonly Transition[], fields: Partial<Definition> = {}): Definition => ({
  vocabulary: 'current',
  states: { s: { id: 's', isFinal: false, metadata: null }, t: { id: 't', isFinal: true, metadata: null } },
  initialState: 's',
  transitions,
  metadata: null,
  ...fields,
})

export const createMachine = (
  fiberId: string,
  transitions: readonly Transition[],
  initialData: JsonValue = {},
  parentFiberId: string | null = null,
): Message => ({ type: 'CreateStateMachine', fiberId, definition: definition(transitions), initialData, parentFiberId })

export const createScript = (
  fiberId: string,
  scriptProgram: JsonValue,
  initialState: JsonValue = null,
  accessControl: AccessControl = { type: 'Public' },
): Message => ({ type: 'CreateScript', fiberId, vocabulary: 'current', scriptProgram, initialState, accessControl })

export const event = (
  fiberId: string,
  eventName = 'go',
  payload: JsonValue = {},
  targetSequenceNumber: number | null = null,
): Message => ({
  type: 'TransitionStateMachine',
  fiberId,
  eventName,
  payload,
  targetSequenceNumber,
  idempotencyKey: null,
})

export const invoke = (
  fiberId: string,
  method = 'run',
  args: JsonValue = {},
  targetSequenceNumber: number | null = null,
): Message => ({ type: 'InvokeScript', fiberId, method, args, targetSequenceNumber })

export const archive = (fiberId: string, targetSequenceNumber: number | null = null): Message => ({
  type: 'ArchiveStateMachine',
  fiberId,
  targetSequenceNumber,
})

/** A ledger with an engine: one message, one ordinal. */
export function createWorld(limits: Partial<Limits> = {}) {
  const engine = createEngine({ limits })
  const fibers = new Map<string, Fiber>()
  let ordinal = 0
  return {
    engine,
    fibers,
    send(message: Message, signers: readonly string[] = ['alice']): Outcome {
      const snapshot = { ordinal: ++ordinal, lastSnapshotHash: 'ab'.repeat(32), epochProgress: 7 }
      const outcome = engine.apply(fibers, message, proofsOf(signers), snapshot)
      if (outcome.outcome !== 'rejected') for (const fiber of outcome.changed) fibers.set(fiber.fiberId, fiber)
      return outcome
    },
    machine(id: string): MachineRecord {
      const fiber = fibers.get(id)
      if (fiber?.kind !== 'machine') throw new TypeError(`${id} is no machine`)
      return fiber
    },
    script(id: string): ScriptRecord {
      const fiber = fibers.get(id)
      if (fiber?.kind !== 'script') throw new TypeError(`${id} is no script`)
      return fiber
    },
  }
}

/** The codes of a rejection, or the reason of a failure, or the word committed. */
export function verdict(outcome: Outcome): string | readonly string[] {
  if (outcome.outcome === 'rejected') return outcome.problems.map(({ code }) => code)
  return outcome.outcome === 'aborted' ? outcome.reason : 'committed'
}
