import { z } from 'zod'
import type { JsonObject } from '../../src/core/json.ts'
import type { Log } from '../../src/core/log.ts'
import { silentLog } from '../../src/core/log.ts'
import type { Permission } from '../../src/policy/authorize.ts'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { systemClock } from '../../src/system.ts'
import type { EventType, WorkIds } from '../../src/telemetry/event.ts'
import type { ToolBusDeps } from '../../src/tools/bus.ts'
import { createToolBus } from '../../src/tools/bus.ts'
import type { AgentContext, Tool, ToolCallContext, ToolContext, ToolOutcome, ToolSpec } from '../../src/tools/tool.ts'
import { defineTool } from '../../src/tools/tool.ts'
import { memoryKeys } from '../records.ts'

export type Told = { readonly type: EventType; readonly data: JsonObject; readonly ids: WorkIds | undefined }
type Work = (args: { readonly text?: string | undefined }, context: ToolContext) => Promise<unknown>
type Spec = Partial<Omit<ToolSpec<z.ZodType, z.ZodType>, 'input' | 'output' | 'run' | 'scopes'>> & {
  readonly scopes?: readonly string[]
}

/** A tool that takes an optional text and gives what its work gives; a base tool that reads, unless told. */
export const toolThat = (work: Work, { scopes = [], ...spec }: Spec = {}): Tool =>
  defineTool({
    name: 'work',
    summary: 'Works.',
    effect: 'read',
    origin: 'base',
    ...spec,
    input: z.strictObject({ text: z.string().optional() }),
    output: z.object({ done: z.unknown() }),
    scopes: () => scopes,
    run: async (args, context) => ({ result: { done: (await work(args, context)) ?? null } }),
  })

const untouched = () => Promise.reject(new Error('Nobody asked for this.'))

/** A sandbox whose parts are there and do nothing. */
export const emptySandbox: Sandbox = {
  root: '/agent',
  files: {
    read: untouched,
    write: untouched,
    list: () => ({ [Symbol.asyncIterator]: untouched }) as never,
    locate: untouched,
  },
  network: { request: untouched },
  processes: { run: untouched },
}

/** An agent with these permissions and scopes. Its own word about grants is that it has all. */
export const agentWith = (
  permissions: readonly Permission[] = ['read'],
  scopes: readonly string[] = [],
): AgentContext => ({
  agentId: 'ada',
  grants: new Set(['work']),
  permissions: new Set(permissions),
  scopes: new Set(scopes),
  ids: { agentId: 'ada', taskId: 'task', sessionId: 'session' },
  sandbox: emptySandbox,
  budget: { remaining: () => ({}) },
  commands: {},
})

/** A bus with what it told. */
export function busOf(tools: readonly Tool[], deps: Partial<ToolBusDeps> & { readonly log?: Log } = {}) {
  const events: Told[] = []
  const denials: unknown[] = []
  const finished: unknown[] = []
  const bus = createToolBus({
    tools: [],
    unlisted: tools,
    keys: memoryKeys(),
    clock: systemClock,
    deadlineMs: 30_000,
    log: silentLog,
    publish: (type, data, ids) => void events.push({ type, data, ids }),
    onDenied: (denial) => void denials.push(denial),
    onCall: (call) => void finished.push(call),
    ...deps,
  })
  const call = (args: unknown = {}, more: Partial<ToolCallContext> = {}, name = 'work'): Promise<ToolOutcome> =>
    bus.call(name, args, { traceId: 'trace', principal: 'p', signal: new AbortController().signal, ...more })
  return { bus, call, events, denials, finished }
}

/** `OK`, or the code and, of a denial, the rule. */
export const said = (outcome: ToolOutcome): string =>
  outcome.success ? 'OK' : [outcome.code, outcome.details['rule']].filter(Boolean).join(' ')
