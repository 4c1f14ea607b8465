import type { ToolBench } from '../llm/turn.ts'
import { toModelAnswer, toModelTools } from '../tools/for-models.ts'
import type { AgentContext, ToolBus } from '../tools/tool.ts'

type BenchDeps = {
  readonly tools: Pick<ToolBus, 'call' | 'find' | 'grants'>
  readonly context: AgentContext
  readonly traceId: string
  readonly principal: string
  /** Names the writes of one task, so that none is done twice. */
  readonly taskId: string
  readonly signal: AbortSignal
  readonly leftMs: () => number
  readonly onCall: (call: { readonly tool: string; readonly success: boolean; readonly ms: number }) => void
  readonly monotonicMs: () => number
}

/** The tools that an agent was granted, as the loop sees them. */
export function createAgentBench(deps: BenchDeps): ToolBench {
  const { tools, context, traceId, principal, taskId, signal, leftMs, onCall, monotonicMs } = deps
  const granted = tools.grants(context.agentId).flatMap((name) => tools.find(name) ?? [])
  const writes = new Set(
    granted.flatMap(({ description, permission }) => (permission === 'read' ? [] : [description.name])),
  )
  // What a base tool does twice is the same as once; what the ledger signs is not.
  const signing = new Set(granted.flatMap(({ description, origin }) => (origin === 'game' ? [description.name] : [])))
  let calls = 0
  return {
    tools: toModelTools(granted.map(({ description }) => description)),
    isWrite: (name) => writes.has(name),
    async call(name, args) {
      calls += 1
      const startMs = monotonicMs()
      const outcome = await tools.call(name, args, {
        traceId,
        principal,
        signal,
        agent: context,
        deadlineMs: Math.max(1, leftMs()),
        ...(writes.has(name) && signing.has(name) ? { idempotencyKey: `${taskId}:${calls}` } : {}),
      })
      onCall({ tool: name, success: outcome.success, ms: Math.round(monotonicMs() - startMs) })
      return toModelAnswer(outcome)
    },
  }
}
