import { z } from 'zod'
import type { JsonObject } from '../core/json.ts'
import type { Definition, Message, State, Transition } from '../fiber/messages.ts'
import type { ExpressionWriter } from './_expressions.ts'
import {
  AccessControlWire,
  Expression,
  encodeAccessControl,
  encodeId,
  encodeIds,
  firstMember,
  Json,
  OptionalJson,
  Uuid,
  Uuids,
} from './_wire.ts'

/** State ids and event types stand in an object of their own; unlike today, `isFinal` and `dependencies` are required. */
const Named = z.object({ value: z.string() }).transform(({ value }) => value)

const StateWire = z.object({ id: Named, isFinal: z.boolean(), metadata: OptionalJson })

const TransitionWire = z
  .object({ from: Named, to: Named, eventType: Named, guard: Expression, effect: Expression, dependencies: Uuids })
  .transform(({ eventType, ...rest }): Transition => ({ ...rest, eventName: eventType }))

const DefinitionWire = z
  .object({
    states: z.record(z.string(), StateWire),
    initialState: Named,
    transitions: z.array(TransitionWire),
    metadata: OptionalJson,
  })
  .transform((definition): Definition => ({ ...definition, vocabulary: 'workchain' }))

/** Every message of the dialect. @see Workchain `Updates`, October 2025 */
export const WorkchainMessage = firstMember<Message>({
  CreateStateMachineFiber: z
    .object({ cid: Uuid, definition: DefinitionWire, initialData: Json, parentFiberId: Uuid.nullable().default(null) })
    .transform(({ cid, ...rest }): Message => ({ type: 'CreateStateMachine', fiberId: cid, ...rest })),
  ProcessFiberEvent: z
    .object({
      cid: Uuid,
      event: z.object({ eventType: Named, payload: Json, idempotencyKey: z.string().nullable().default(null) }),
    })
    .transform(
      ({ cid, event: { eventType, payload, idempotencyKey } }): Message => ({
        type: 'TransitionStateMachine',
        fiberId: cid,
        eventName: eventType,
        payload,
        targetSequenceNumber: null,
        idempotencyKey,
      }),
    ),
  ArchiveFiber: z
    .object({ cid: Uuid })
    .transform(({ cid }): Message => ({ type: 'ArchiveStateMachine', fiberId: cid, targetSequenceNumber: null })),
  CreateScriptOracle: z
    .object({ cid: Uuid, scriptProgram: Expression, initialState: OptionalJson, accessControl: AccessControlWire })
    .transform(
      ({ cid, ...rest }): Message => ({ type: 'CreateScript', fiberId: cid, vocabulary: 'workchain', ...rest }),
    ),
  InvokeScriptOracle: z
    .object({ cid: Uuid, method: z.string(), args: Json })
    .transform(
      ({ cid, ...rest }): Message => ({ type: 'InvokeScript', fiberId: cid, ...rest, targetSequenceNumber: null }),
    ),
})

/** The inverse of {@link WorkchainMessage}: the complete object, nulls written. */
export function encodeWorkchainMessage(message: Message, write: ExpressionWriter): JsonObject {
  const cid = message.fiberId.toLowerCase()
  switch (message.type) {
    case 'CreateStateMachine': {
      const definition = encodeWorkchainDefinition(message.definition, write)
      const parentFiberId = encodeId(message.parentFiberId)
      return { CreateStateMachineFiber: { cid, definition, initialData: message.initialData, parentFiberId } }
    }
    case 'TransitionStateMachine': {
      const { eventName, payload, idempotencyKey } = message
      return { ProcessFiberEvent: { cid, event: { eventType: { value: eventName }, payload, idempotencyKey } } }
    }
    case 'ArchiveStateMachine':
      return { ArchiveFiber: { cid } }
    case 'CreateScript': {
      const scriptProgram = write(message.scriptProgram, 'program', message.vocabulary)
      const accessControl = encodeAccessControl(message.accessControl)
      return { CreateScriptOracle: { cid, scriptProgram, initialState: message.initialState, accessControl } }
    }
    case 'InvokeScript':
      return { InvokeScriptOracle: { cid, method: message.method, args: message.args } }
  }
}

/** A definition as messages and records hold it. */
export function encodeWorkchainDefinition(definition: Definition, write: ExpressionWriter): JsonObject {
  const { vocabulary, states, initialState, transitions, metadata } = definition
  const encodeState = ({ id, isFinal, metadata }: State) => ({ id: { value: id }, isFinal, metadata })
  return {
    states: Object.fromEntries(Object.entries(states).map(([key, state]) => [key, encodeState(state)])),
    initialState: { value: initialState },
    transitions: transitions.map(({ from, to, eventName, guard, effect, dependencies }) => ({
      from: { value: from },
      to: { value: to },
      eventType: { value: eventName },
      guard: write(guard, 'guard', vocabulary),
      effect: write(effect, 'effect', vocabulary),
      dependencies: encodeIds(dependencies),
    })),
    metadata,
  }
}
