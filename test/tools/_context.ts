import type { JsonObject } from '../../src/core/json.ts'
import { silentLog } from '../../src/core/log.ts'
import type { CommandProfile, Sandbox } from '../../src/sandbox/sandbox.ts'
import type { Tool, ToolContext } from '../../src/tools/tool.ts'
import { never } from '../sandbox/_sandbox.ts'

type Given = {
  readonly sandbox?: Sandbox
  readonly signal?: AbortSignal
  readonly commands?: Readonly<Record<string, CommandProfile>>
}

/** What a tool is told of a call by an agent, as the bus tells it. */
export function contextOf({ sandbox, signal = never, commands = {} }: Given): ToolContext {
  const nothing = () => undefined
  return {
    principal: 'agent scribe',
    traceId: 'trace',
    requestKey: undefined,
    isContinued: false,
    gone: signal,
    deadline: signal,
    deadlineMs: Number.POSITIVE_INFINITY,
    onSubmitting: nothing,
    onAbandoned: nothing,
    onAccepted: nothing,
    get sandbox() {
      if (sandbox === undefined) throw new Error('This test gave no sandbox.')
      return sandbox
    },
    agent: sandbox && {
      agentId: 'scribe',
      grants: new Set(),
      permissions: new Set(),
      scopes: new Set(),
      ids: { taskId: 'task', sessionId: 'session' },
      sandbox,
      budget: { remaining: () => ({}) },
      commands,
    },
    signal,
    log: silentLog,
  }
}

/** The result of a call, its arguments checked as every call's are. */
export async function callTool(tool: Tool, args: unknown, given: Given = {}): Promise<JsonObject> {
  return (await tool.parse(args).run(contextOf(given))).result
}
