import type { Clock } from '../core/clock.ts'
import type { JsonObject } from '../core/json.ts'
import { member } from '../core/json.ts'
import type { Log } from '../core/log.ts'
import type { PolicyRule } from '../policy/authorize.ts'
import type { Publish, WorkIds } from '../telemetry/event.ts'
import { jsonBytes } from './_asked.ts'
import type { Tool, ToolCallContext, ToolOutcome, ToolStats } from './tool.ts'

/** A call that policy or a sandbox refused; `isEnforced: false`: it would have been, and audit mode let it pass. */
export type Denial = {
  readonly tool: string
  readonly rule: PolicyRule | 'sandbox'
  readonly isEnforced: boolean
  readonly principal: string
  readonly ids: WorkIds
}

/** A call that has ended: what it took. `tool` is `unknown` for a name that no tool has. */
export type FinishedCall = {
  readonly tool: string
  readonly ids: WorkIds
  /** Undefined for a person or a program at a door. */
  readonly agentId: string | undefined
  readonly ms: number
  /** Of the result's JSON text; 0 for a failure. */
  readonly bytes: number
  /** `OK`, or the error code. */
  readonly code: string
  readonly replayed: boolean
}

export type ToldCallsDeps = {
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly log: Log
  readonly publish: Publish
  readonly onDenied: (denial: Denial) => void
  readonly onCall: (call: FinishedCall) => void
}

/** Everybody who is told of calls: counts, events, the log, usage, and of denials besides. */
export function createToldCalls({ clock, log, publish, onDenied, onCall }: ToldCallsDeps) {
  const counts = new Map<string, Counts>() // bounded by the tools that there are

  const tellDenial = (tool: string, context: ToolCallContext, rule: Denial['rule'], isEnforced: boolean): void => {
    const ids = idsOf(context)
    publish('audit.denied', { tool, rule, isEnforced }, ids)
    onDenied({ tool, rule, isEnforced, principal: context.principal, ids })
  }

  return {
    stats: (): readonly ToolStats[] => [...counts].map(([tool, counted]) => ({ tool, ...counted })),
    forget: (tool: string): void => void counts.delete(tool),
    onWouldDeny: ({ description }: Tool, context: ToolCallContext, rule: PolicyRule) =>
      tellDenial(description.name, context, rule, false),
    /** A call begins; what it returns is called once, at its end. */
    begin(tool: Tool | undefined, context: ToolCallContext) {
      const startMs = clock.monotonicMs()
      const name = tool?.description.name ?? 'unknown'
      const counted = counts.get(name) ?? noCounts()
      if (tool !== undefined) counts.set(name, counted)
      counted.running += 1
      const ids = idsOf(context)
      const facts = { tool: name, permission: tool?.permission ?? null }
      publish('tool.started', facts, ids)
      return (outcome: ToolOutcome, argsHash: string | undefined): void => {
        const ms = clock.monotonicMs() - startMs
        const code = outcome.success ? 'OK' : outcome.code
        const rule = denialIn(outcome)
        count(counted, { ms, isFailure: !outcome.success, isDenial: rule !== undefined })
        logCall(log, name, outcome, argsHash, ms)
        if (rule !== undefined) tellDenial(name, context, rule, true)
        const took = { ms: Math.round(ms), code, bytes: outcome.success ? jsonBytes(outcome.result) : 0 }
        publish(outcome.success ? 'tool.finished' : 'tool.failed', { ...facts, ...took }, ids)
        const replayed = outcome.success && outcome.replayed === true
        onCall({ tool: name, ids, agentId: context.agent?.agentId, ...took, replayed })
      }
    },
  }
}

const idsOf = ({ traceId, agent }: ToolCallContext): WorkIds =>
  agent === undefined ? { traceId } : { ...agent.ids, agentId: agent.agentId, traceId }

type Counts = { -readonly [Name in Exclude<keyof ToolStats, 'tool'>]: number }

const noCounts = (): Counts => ({ calls: 0, failures: 0, denials: 0, running: 0, totalMs: 0, maxMs: 0 })

function count(
  counted: Counts,
  { ms, isFailure, isDenial }: { readonly ms: number; readonly isFailure: boolean; readonly isDenial: boolean },
): void {
  counted.running -= 1
  counted.calls += 1
  counted.failures += isFailure ? 1 : 0
  counted.denials += isDenial ? 1 : 0
  counted.totalMs += ms
  counted.maxMs = Math.max(counted.maxMs, ms)
}

/** Which rule refused the call, where one did. */
function denialIn(outcome: ToolOutcome): Denial['rule'] | undefined {
  if (outcome.success) return undefined
  if (outcome.code === 'KILL_SWITCH') return 'kill_switch'
  // The cast holds: no error has that code but PermissionDeniedError, whose rule is one of these.
  return outcome.code === 'PERMISSION_DENIED' ? (member(outcome.details, 'rule') as Denial['rule']) : undefined
}

function logCall(log: Log, tool: string, outcome: ToolOutcome, argsHash: string | undefined, ms: number): void {
  const { gameId, hash, ordinal }: JsonObject = outcome.success ? outcome.result : outcome.details
  const said = outcome.success ? { outcome: 'applied' } : { outcome: outcome.outcome, code: outcome.code }
  const fields = { traceId: outcome.traceId, tool, argsHash, gameId, hash, ordinal, ...said, ms: Math.round(ms) }
  if (!outcome.success && outcome.outcome !== 'rejected' && outcome.outcome !== 'not_submitted')
    log.warn(fields, 'tool call')
  else log.info(fields, 'tool call')
}
