import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { KeyStore } from '../intent/intent.ts'
import type { KillGuard } from '../policy/kill-switch.ts'
import type { Publish } from '../telemetry/event.ts'
import { publishNothing } from '../telemetry/event.ts'
import { assertSmall, hashOf, requestKeyOf, withGameId, withoutKey } from './_asked.ts'
import { createGate } from './_gate.ts'
import { createRegistry } from './_registry.ts'
import type { CallDeadline, CallState } from './_run.ts'
import { openCallDeadline, runApproved, runCall } from './_run.ts'
import type { Denial, FinishedCall } from './_told-calls.ts'
import { createToldCalls } from './_told-calls.ts'
import type { Approvals } from './approvals.ts'
import { UnknownToolError } from './errors.ts'
import { failureOf } from './failure.ts'
import { createRequestKeys } from './request-keys.ts'
import type { Tool, ToolBus, ToolCallContext, ToolOutcome } from './tool.ts'

export type ToolBusDeps = {
  /** Offered to models and callable. */
  readonly tools: readonly Tool[]
  /** Callable, not offered. What is registered later is not offered either. */
  readonly unlisted?: readonly Tool[]
  readonly clock: Clock
  readonly deadlineMs: number
  readonly log: Log
  /** Where the answers to request keys are kept. */
  readonly keys: KeyStore
  /** Where a person is asked before each write of the game; without it they run unasked. */
  readonly approvals?: Approvals | undefined
  /** While it is on, nothing but reads is called. */
  readonly kill?: KillGuard | undefined
  /** Denials of agents by grant, permission and scope are told and let pass, but never those of a signature. */
  readonly isAuditMode?: boolean
  readonly publish?: Publish
  /** Told of each call that is refused, or would be. Returns at once, never throws. */
  readonly onDenied?: (denial: Denial) => void
  /** Told of each call that has ended. Returns at once, never throws. */
  readonly onCall?: (call: FinishedCall) => void
}

/** What goes with a call until it ends. */
type Going = { readonly state: CallState; readonly deadline: CallDeadline }

/**
 * Every tool by its name. A call is asked about first, its arguments are read then, and it runs inside its deadline and
 * its sandbox, once per request key, with one line in the log.
 * @throws ToolExistsError when two of the tools have one name
 */
export function createToolBus(deps: ToolBusDeps): ToolBus {
  const { tools, unlisted = [], clock, deadlineMs, log, approvals } = deps
  const { publish = publishNothing, onDenied = tellNobody, onCall = tellNobody, isAuditMode = false } = deps
  const offered = new Set(tools.map(({ description }) => description.name))
  const registry = createRegistry([...tools, ...unlisted])
  const keys = createRequestKeys({ store: deps.keys, clock, log })
  const told = createToldCalls({ clock, log, publish, onDenied, onCall })
  const { grantsOf } = registry
  const { onWouldDeny } = told
  const gate = createGate({ kill: deps.kill, isAuditMode, grantsOf, onWouldDeny })

  const dispatch = async (tool: Tool, given: unknown, context: ToolCallContext, { state, deadline }: Going) => {
    const isGame = tool.origin === 'game'
    const rule = gate.ask(tool, context, [])
    assertSmall(given, tool)
    const call = tool.parse(isGame ? withGameId(given) : given)
    if (call.scopes.length > 0) gate.ask(tool, context, call.scopes, rule)
    const { name, effect } = tool.description
    const requestKey = requestKeyOf(context, call.args)
    const args = withoutKey(call.args)
    state.argsHash = hashOf([name, args])
    const isWrite = effect === 'write'
    const runNow = (isContinued: boolean) => {
      if (isWrite && isGame) context.onProgress?.('signing')
      const assertMay = () => gate.assertAlive(tool, context)
      return runCall(call, { tool, context, requestKey, isContinued, deadline, state, log, assertMay })
    }
    // Inside the keys: what was done under a key is told again without a question.
    const asked = { tool: name, args, principal: context.principal, requestKey }
    const run = (isContinued: boolean) =>
      isWrite && isGame && approvals
        ? runApproved(approvals, asked, { context, log }, () => runNow(isContinued))
        : runNow(isContinued)
    if (requestKey === undefined || !isWrite) return (await run(false)).outcome
    const request = { principal: context.principal, key: requestKey, fingerprint: state.argsHash }
    const { outcome, again } = await keys.run(request, run, deadline.signal)
    return again ? repeated(outcome, context.traceId) : outcome
  }

  /** An agent is told of the tools that it may call, everybody else of all. */
  const unknown = ({ agent }: ToolCallContext) =>
    new UnknownToolError(
      agent ? [...grantsOf(agent.agentId)] : registry.all().map(({ description }) => description.name),
    )

  return {
    list: () => [...offered].flatMap((name) => registry.listed(name)?.description ?? []),
    find: registry.listed,
    all: registry.all,
    register(tool, options) {
      registry.register(tool, options)
      publish('tool.registered', { tool: tool.description.name, origin: tool.origin })
    },
    unregister(name) {
      told.forget(name)
      offered.delete(name)
      return registry.unregister(name)
    },
    grant: registry.grant,
    revoke: registry.revoke,
    grants: (agentId) => [...grantsOf(agentId)].toSorted(),
    stats: told.stats,
    async call(name, args, context) {
      const tool = registry.find(name)
      const end = told.begin(tool, context)
      const state: CallState = { sent: 0, argsHash: undefined }
      const deadline = openCallDeadline(clock, deadlineMs, tool?.sandbox ?? {}, context)
      const done = tool ? dispatch(tool, args, context, { state, deadline }) : Promise.reject(unknown(context))
      const outcome = await done
        .catch((error: unknown) => failureOf(error, { traceId: context.traceId, submitted: state.sent > 0, log }))
        .finally(() => deadline.close())
      end(outcome, state.argsHash)
      return outcome
    },
  }
}

const tellNobody = (): void => {}

const repeated = (outcome: ToolOutcome, traceId: string): ToolOutcome =>
  outcome.success ? { ...outcome, traceId, replayed: true } : { ...outcome, traceId }
