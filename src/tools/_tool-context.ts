import type { Log } from '../core/log.ts'
import { PermissionDeniedError } from '../policy/errors.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import type { Caller } from '../tictactoe/caller.ts'
import { untilGone } from '../tictactoe/caller.ts'
import type { AgentContext, Tool, ToolContext } from './tool.ts'

/** What a tool is told of its call: of the agent's sandbox no more than the tool declares. */
export function toToolContext(caller: Caller, tool: Tool, agent: AgentContext | undefined, log: Log): ToolContext {
  const sandbox = limited(tool, agent?.sandbox)
  let signal: AbortSignal | undefined // made for those that ask: the game's tools follow both of its parts themselves
  return {
    ...caller,
    agent: agent && { ...agent, sandbox },
    sandbox,
    get signal() {
      signal ??= untilGone(caller)
      return signal
    },
    log: withIds(log, { ...agent?.ids, traceId: caller.traceId, tool: tool.description.name }),
  }
}

function limited({ description: { name }, sandbox }: Tool, given: Sandbox | undefined): Sandbox {
  const isWorkingThere = sandbox.root === 'agent'
  const part = <Name extends keyof Sandbox>(member: Name, isDeclared: boolean): Sandbox[Name] => {
    if (given !== undefined && isDeclared) return given[member]
    const fact = `${name} does not declare that it touches ${member === 'root' ? 'a folder' : member}.`
    throw new PermissionDeniedError('sandbox', { tool: name, fact })
  }
  return {
    get root() {
      return part('root', isWorkingThere)
    },
    get files() {
      return part('files', isWorkingThere)
    },
    get network() {
      return part('network', sandbox.network)
    },
    get processes() {
      return part('processes', sandbox.shell)
    },
  }
}

const withIds = (log: Log, ids: object): Log => ({
  info: (fields, message) => log.info({ ...ids, ...fields }, message),
  warn: (fields, message) => log.warn({ ...ids, ...fields }, message),
  error: (fields, message) => log.error({ ...ids, ...fields }, message),
})
