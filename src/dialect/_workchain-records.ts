import { z } from 'zod'
import type { JsonObject } from '../core/json.ts'
import { defaultLimits } from '../fiber/limits.ts'
import type { EventReceipt, Fiber, Invocation, MachineRecord, ScriptRecord } from '../fiber/records.ts'
import type { ExpressionWriter } from './_expressions.ts'
import { InvocationWire, Members, recordFields } from './_records.ts'
import { Count, encodeAccessControl, Json, OptionalJson, Uuid } from './_wire.ts'
import { encodeWorkchainDefinition } from './_workchain-messages.ts'
import type { LastEvent, MachineView, ScriptView } from './dialect.ts'

/** How many events or runs a record's log may hold. @see Workchain `Records` */
const maxLogSize = 100

/** `log` is what is remembered of a script's runs, newest first; without it the newest run alone is shown. */
export const encodeWorkchainFiber = (fiber: Fiber, write: ExpressionWriter, log?: readonly Invocation[]): JsonObject =>
  fiber.kind === 'machine'
    ? encodeMachine(fiber, write)
    : encodeScript(fiber, write, log ?? (fiber.lastInvocation === null ? [] : [fiber.lastInvocation]))

function encodeMachine(machine: MachineRecord, write: ExpressionWriter): JsonObject {
  const lastEventStatus = encodeEventStatus(machine.lastReceipt)
  return {
    cid: machine.fiberId,
    creationOrdinal: machine.creationOrdinal,
    previousUpdateOrdinal: machine.previousUpdateOrdinal,
    latestUpdateOrdinal: machine.latestUpdateOrdinal,
    definition: encodeWorkchainDefinition(machine.definition, write),
    currentState: { value: machine.currentState },
    stateData: machine.stateData,
    stateDataHash: machine.stateDataHash,
    sequenceNumber: machine.sequenceNumber,
    owners: machine.owners,
    status: machine.status,
    lastEventStatus,
    eventBatch: [lastEventStatus],
    parentFiberId: machine.parentFiberId,
    childFiberIds: machine.childFiberIds,
    eventLog: [], // no node ever wrote to it
    maxLogSize,
  }
}

/** @see OttoChain `EventProcessingStatus`, January 2026; its two limit words name no event */
function encodeEventStatus(receipt: EventReceipt | null): JsonObject {
  if (receipt === null) return { Initialized: {} }
  const { sequenceNumber, eventName, ordinal, success, reason, gasUsed, triggersFired: depth } = receipt
  if (success) return { Success: { sequenceNumber, processedAt: ordinal } }
  const maxDepth = defaultLimits.triggers
  const attempt = { attemptedAt: ordinal, attemptedEventType: { value: eventName } }
  const text = receipt.errorMessage ?? reason ?? ''
  switch (reason) {
    case 'NoGuardMatched':
    case 'NoTransitionFound':
      return { GuardFailed: { reason: text, ...attempt } }
    case 'DepthExceeded':
      return { DepthExceeded: { attemptedAt: ordinal, depth: maxDepth, maxDepth, gasUsed } }
    case 'GasExhaustedFailure':
      return { GasExhausted: { attemptedAt: ordinal, gasUsed, gasLimit: defaultLimits.gas, depth } }
    default:
      return { ExecutionFailed: { reason: text, ...attempt, gasUsed, depth } }
  }
}

function encodeScript(script: ScriptRecord, write: ExpressionWriter, log: readonly Invocation[]): JsonObject {
  return {
    cid: script.fiberId,
    creationOrdinal: script.creationOrdinal,
    latestUpdateOrdinal: script.latestUpdateOrdinal,
    scriptProgram: write(script.scriptProgram, 'program', script.vocabulary),
    stateData: script.stateData,
    stateDataHash: script.stateDataHash,
    accessControl: encodeAccessControl(script.accessControl),
    invocationCount: script.sequenceNumber,
    owners: script.owners,
    status: script.status,
    invocationLog: log.slice(0, maxLogSize).map(encodeInvocation),
    maxLogSize,
  }
}

function encodeInvocation({ method, args, result, gasUsed, invokedAt, invokedBy }: Invocation): JsonObject {
  return { method, args, result, gasUsed, invokedAt, invokedBy }
}

/** A failure as any of its words tells it: some name no event, some give no reason. */
const Failure = z.object({
  reason: z.string().optional(),
  attemptedAt: z.int().optional(),
  attemptedEventType: z.object({ value: z.string() }).optional(),
})

const Success = z.object({ processedAt: z.int() })

/** The one-member object of the newest event; words that were never heard of are failures too. */
function readEventStatus(status: JsonObject, latestUpdateOrdinal: number): LastEvent | null {
  const [word, fields] = Object.entries(status)[0] ?? ['Initialized', {}]
  if (word === 'Initialized') return null
  if (word === 'Success') {
    const ordinal = Success.safeParse(fields).data?.processedAt ?? latestUpdateOrdinal
    return { success: true, eventName: null, ordinal, reason: null }
  }
  const { reason, attemptedAt, attemptedEventType } = Failure.safeParse(fields).data ?? {}
  return {
    success: false,
    eventName: attemptedEventType?.value ?? null,
    ordinal: attemptedAt ?? latestUpdateOrdinal,
    reason: reason ?? word,
  }
}

export const WorkchainMachine = z
  .object({
    ...recordFields,
    cid: Uuid,
    definition: Json,
    currentState: z.object({ value: z.string() }),
    stateData: Members,
    sequenceNumber: Count,
    lastEventStatus: Members.nullish(),
  })
  .transform(
    ({ cid, currentState, lastEventStatus, ...rest }): MachineView => ({
      ...rest,
      fiberId: cid,
      currentState: currentState.value,
      lastEvent: readEventStatus(lastEventStatus ?? {}, rest.latestUpdateOrdinal),
    }),
  )

export const WorkchainScript = z
  .object({
    ...recordFields,
    cid: Uuid,
    scriptProgram: Json,
    stateData: OptionalJson,
    invocationCount: Count,
    // The newest alone is read, whatever the log holds: it may hold a hundred.
    invocationLog: z
      .array(z.unknown())
      .default([])
      .transform(([newest]) => newest ?? null)
      .pipe(InvocationWire.nullable()),
  })
  .transform(
    ({ cid, invocationCount, invocationLog, ...rest }): ScriptView => ({
      ...rest,
      fiberId: cid,
      sequenceNumber: invocationCount,
      lastInvocation: invocationLog,
    }),
  )
