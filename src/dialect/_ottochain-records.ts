import { z } from 'zod'
import type { JsonObject } from '../core/json.ts'
import type { EventReceipt, Fiber, Invocation, MachineRecord, ScriptRecord } from '../fiber/records.ts'
import type { ExpressionWriter } from './_expressions.ts'
import { encodeOttochainDefinition } from './_ottochain-messages.ts'
import { InvocationWire, Members, recordFields } from './_records.ts'
import { Count, encodeAccessControl, Json, OptionalJson, Uuid } from './_wire.ts'
import type { MachineView, ScriptView } from './dialect.ts'

export const encodeOttochainFiber = (fiber: Fiber, write: ExpressionWriter): JsonObject =>
  fiber.kind === 'machine' ? encodeMachine(fiber, write) : encodeScript(fiber, write)

function encodeMachine(machine: MachineRecord, write: ExpressionWriter): JsonObject {
  return {
    fiberId: machine.fiberId,
    creationOrdinal: machine.creationOrdinal,
    previousUpdateOrdinal: machine.previousUpdateOrdinal,
    latestUpdateOrdinal: machine.latestUpdateOrdinal,
    definition: encodeOttochainDefinition(machine.definition, write),
    currentState: machine.currentState,
    stateData: machine.stateData,
    stateDataHash: machine.stateDataHash,
    sequenceNumber: machine.sequenceNumber,
    owners: machine.owners,
    status: machine.status.toUpperCase(),
    lastReceipt: machine.lastReceipt === null ? null : encodeReceipt(machine.lastReceipt),
    parentFiberId: machine.parentFiberId,
    childFiberIds: machine.childFiberIds,
  }
}

function encodeScript(script: ScriptRecord, write: ExpressionWriter): JsonObject {
  return {
    fiberId: script.fiberId,
    creationOrdinal: script.creationOrdinal,
    previousUpdateOrdinal: script.previousUpdateOrdinal,
    latestUpdateOrdinal: script.latestUpdateOrdinal,
    scriptProgram: write(script.scriptProgram, 'program', script.vocabulary),
    stateData: script.stateData,
    stateDataHash: script.stateDataHash,
    accessControl: encodeAccessControl(script.accessControl),
    sequenceNumber: script.sequenceNumber,
    owners: script.owners,
    status: script.status.toUpperCase(),
    lastInvocation: script.lastInvocation === null ? null : encodeInvocation(script.lastInvocation),
  }
}

/** A receipt as the wire has it: the reason's code stays behind, the message goes. */
export function encodeReceipt({ reason, emittedEvents, ...receipt }: EventReceipt): JsonObject {
  return { ...receipt, emittedEvents: emittedEvents.map((event) => ({ ...event })) }
}

export const encodeInvocation = (invocation: Invocation): JsonObject => ({ ...invocation })

const Receipt = z
  .object({ success: z.boolean(), eventName: z.string(), ordinal: z.int(), errorMessage: z.string().nullish() })
  .transform(({ success, eventName, ordinal, errorMessage }) => ({
    success,
    eventName,
    ordinal,
    reason: errorMessage ?? null,
  }))

export const OttochainMachine = z
  .object({
    ...recordFields,
    fiberId: Uuid,
    definition: Json,
    currentState: z.string(),
    stateData: Members,
    sequenceNumber: Count,
    lastReceipt: Receipt.nullish(),
  })
  .transform(({ lastReceipt, ...rest }): MachineView => ({ ...rest, lastEvent: lastReceipt ?? null }))

export const OttochainScript = z
  .object({
    ...recordFields,
    fiberId: Uuid,
    scriptProgram: Json,
    stateData: OptionalJson,
    sequenceNumber: Count,
    lastInvocation: InvocationWire.nullish(),
  })
  .transform(({ lastInvocation, ...rest }): ScriptView => ({ ...rest, lastInvocation: lastInvocation ?? null }))
