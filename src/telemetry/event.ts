import type { JsonObject } from '../core/json.ts'

/** Which piece of work an event or a log line is about: from the workflow down to the signed message. */
export type WorkIds = {
  readonly traceId?: string
  readonly workflowId?: string
  readonly taskId?: string
  readonly agentId?: string
  readonly sessionId?: string
  /** Hash of the signed message. */
  readonly txId?: string
}

/** What is told. A type never changes its meaning. */
export const eventTypes = [
  'tool.started',
  'tool.finished',
  'tool.failed',
  'tool.registered',
  'audit.denied', // a call was refused by policy, or would have been (data.isEnforced: false)
  'llm.started',
  'llm.finished',
  'llm.failed',
  'budget.warning', // 80 % of a limit, once for each scope and window
  'budget.exceeded',
  'usage.disputed', // a model server reported more than it was allowed
  'agent.state', // a state transition; data.from, data.to
  'task.started',
  'task.finished',
  'component.state', // of a supervised part
  'context.evicted',
  'artifact.written',
  'kill.changed',
] as const
export type EventType = (typeof eventTypes)[number]

/** A telemetry record: the one envelope of all of them. `data` holds ids and numbers, never a secret or a prompt. */
export type TelemetryEvent = WorkIds & {
  readonly id: string
  /** RFC 3339, milliseconds, UTC. */
  readonly ts: string
  readonly type: EventType
  readonly data: JsonObject
}

/** Tells what happens. Returns at once, never throws, may drop: nothing that must last hangs on it. */
export type Publish = (type: EventType, data: JsonObject, ids?: WorkIds) => void

/** For parts that nobody listens to. */
export const publishNothing: Publish = () => {}
