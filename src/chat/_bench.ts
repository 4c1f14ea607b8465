import type { ToolBench } from '../llm/turn.ts'
import { toModelAnswer, toModelTools } from '../tools/for-models.ts'
import type { ToolCallContext, ToolCatalog } from '../tools/tool.ts'
import type { TurnKeys } from './_write-keys.ts'

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
      return toModelAnswer(outcome)
    },
  })
}
