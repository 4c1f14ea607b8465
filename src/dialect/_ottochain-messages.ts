import { z } from 'zod'
import type { JsonObject } from '../core/json.ts'
import type { Definition, Message, State } from '../fiber/messages.ts'
import type { ExpressionWriter } from './_expressions.ts'
import {
  AccessControlWire,
  Count,
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
import { MessageIncompleteError } from './errors.ts'

const StateWire = z.object({ id: z.string(), isFinal: z.boolean().default(false), metadata: OptionalJson })

const TransitionWire = z.object({
  from: z.string(),
  to: z.string(),
  eventName: z.string(),
  guard: Expression,
  effect: Expression,
  dependencies: Uuids.default([]),
})

const DefinitionWire = z
  .object({
    states: z.record(z.string(), StateWire),
    initialState: z.string(),
    transitions: z.array(TransitionWire),
    metadata: OptionalJson,
  })
  .transform((definition): Definition => ({ ...definition, vocabulary: 'current' }))

/** Every message of the dialect. @see OttoChain `Updates`, since 2026-02-25 */
export const OttochainMessage = firstMember<Message>({
  CreateStateMachine: z
    .object({
      fiberId: Uuid,
      definition: DefinitionWire,
      initialData: Json,
      parentFiberId: Uuid.nullable().default(null),
    })
    .transform((fields): Message => ({ type: 'CreateStateMachine', ...fields })),
  TransitionStateMachine: z
    .object({ fiberId: Uuid, eventName: z.string(), payload: Json, targetSequenceNumber: Count })
    .transform((fields): Message => ({ type: 'TransitionStateMachine', ...fields, idempotencyKey: null })),
  ArchiveStateMachine: z
    .object({ fiberId: Uuid, targetSequenceNumber: Count })
    .transform((fields): Message => ({ type: 'ArchiveStateMachine', ...fields })),
  CreateScript: z
    .object({ fiberId: Uuid, scriptProgram: Expression, initialState: OptionalJson, accessControl: AccessControlWire })
    .transform((fields): Message => ({ type: 'CreateScript', vocabulary: 'current', ...fields })),
  InvokeScript: z
    .object({ fiberId: Uuid, method: z.string(), args: Json, targetSequenceNumber: Count })
    .transform((fields): Message => ({ type: 'InvokeScript', ...fields })),
})

/**
 * The inverse of {@link OttochainMessage}: the complete object, nulls written.
 * @throws MessageIncompleteError without a target sequence number where this dialect signs one
 */
export function encodeOttochainMessage(message: Message, write: ExpressionWriter): JsonObject {
  const fiberId = message.fiberId.toLowerCase()
  switch (message.type) {
    case 'CreateStateMachine': {
      const definition = encodeOttochainDefinition(message.definition, write)
      const parentFiberId = encodeId(message.parentFiberId)
      return { CreateStateMachine: { fiberId, definition, initialData: message.initialData, parentFiberId } }
    }
    case 'TransitionStateMachine': {
      const { eventName, payload } = message
      return { TransitionStateMachine: { fiberId, eventName, payload, targetSequenceNumber: targetOf(message) } }
    }
    case 'ArchiveStateMachine':
      return { ArchiveStateMachine: { fiberId, targetSequenceNumber: targetOf(message) } }
    case 'CreateScript': {
      const scriptProgram = write(message.scriptProgram, 'program', message.vocabulary)
      const accessControl = encodeAccessControl(message.accessControl)
      return { CreateScript: { fiberId, scriptProgram, initialState: message.initialState, accessControl } }
    }
    case 'InvokeScript': {
      const { method, args } = message
      return { InvokeScript: { fiberId, method, args, targetSequenceNumber: targetOf(message) } }
    }
  }
}

function targetOf({ type, targetSequenceNumber }: { type: string; targetSequenceNumber: number | null }): number {
  if (targetSequenceNumber === null) throw new MessageIncompleteError(type, 'targetSequenceNumber')
  return targetSequenceNumber
}

/** A definition as messages and records hold it. */
export function encodeOttochainDefinition(definition: Definition, write: ExpressionWriter): JsonObject {
  const { vocabulary, states, initialState, transitions, metadata } = definition
  const encodeState = ({ id, isFinal, metadata }: State) => ({ id, isFinal, metadata })
  return {
    states: Object.fromEntries(Object.entries(states).map(([key, state]) => [key, encodeState(state)])),
    initialState,
    transitions: transitions.map(({ from, to, eventName, guard, effect, dependencies }) => ({
      from,
      to,
      eventName,
      guard: write(guard, 'guard', vocabulary),
      effect: write(effect, 'effect', vocabulary),
      dependencies: encodeIds(dependencies),
    })),
    metadata,
  }
}
