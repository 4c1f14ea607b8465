import type { JsonObject } from '../core/json.ts'
import type { ToolAnswer, ToolBench } from '../llm/turn.ts'
import type { ToolCallContext, ToolCatalog, ToolOutcome } from '../tools/tool.ts'
import type { TurnKeys } from './_write-keys.ts'
import { toModelTools } from './model-tools.ts'

/** Nothing of ours is offered. */
export const emptyBench: ToolBench = {
  tools: [],
  isWrite: () => false,
  call: () => Promise.reject(new TypeError('No tool is offered in this turn.')),
}

/** Makes a bench of the catalogue for each turn. The list of tools is one array for all of them. */
export function createBenches(tools: ToolCatalog) {
  const offered = toModelTools(tools.list())
  const writes = new Set(tools.list().flatMap(({ name, effect }) => (effect === 'write' ? [name] : [])))
  return (keys: TurnKeys, context: ToolCallContext): ToolBench => ({
    tools: offered,
    isWrite: (name) => writes.has(name),
    async call(name, args) {
      const isWrite = writes.has(name)
      const idempotencyKey = keys.of(name, args)
      const outcome = await tools.call(name, args, isWrite ? { ...context, idempotencyKey } : context)
      if (isWrite && outcome.success) keys.succeeded(name, args)
      return toAnswer(outcome)
    },
  })
}

/** The flat result, or the refusal with all that helps; without the trace id, which is nothing to a model. */
function toAnswer(outcome: ToolOutcome): ToolAnswer {
  if (outcome.success)
    return { success: true, body: outcome.result, ...(outcome.replayed ? { replayed: true as const } : {}) }
  const { traceId: _, idempotencyKey: __, ...body } = outcome
  return {
    success: false,
    body: body satisfies JsonObject,
    ...(outcome.code === 'APPROVAL_NEEDED' ? { needsApproval: true as const } : {}),
  }
}
