import type { Attributes } from '@opentelemetry/api'
import type { ToolCatalog, ToolOutcome } from '../tools/tool.ts'
import type { Spans } from './_spans.ts'

/** The same catalogue; each call is a step `tool <name>`, `tool unknown` for a name that no tool has. */
export const traceTools = (catalog: ToolCatalog, spans: Spans): ToolCatalog => ({
  ...catalog,
  async call(name, args, context) {
    // A name that no tool has is a stranger's own word: none but ours is taken.
    const tool = catalog.find(name)?.description.name
    const step = spans.begin(context.traceId, { name: 'tool unknown' })
    try {
      const outcome = await step.run(() => catalog.call(name, args, context))
      if (tool !== undefined) {
        step.rename(`tool ${tool}`)
        step.set({ 'gen_ai.tool.name': tool })
      }
      step.set(attributesOf(outcome))
      if (!outcome.success) step.fail(outcome.code)
      return outcome
    } finally {
      step.end()
    }
  },
})

/** The words of the log's line about the call. */
function attributesOf(outcome: ToolOutcome): Attributes {
  const { gameId, hash, ordinal } = outcome.success ? outcome.result : outcome.details
  return {
    'gen_ai.operation.name': 'execute_tool',
    'otto.outcome': outcome.success ? 'success' : outcome.outcome,
    'otto.code': outcome.success ? 'OK' : outcome.code,
    ...(outcome.success && outcome.replayed ? { 'otto.replayed': true } : {}),
    ...(typeof gameId === 'string' ? { 'otto.game_id': gameId } : {}),
    ...(typeof hash === 'string' ? { 'otto.hash': hash } : {}),
    ...(typeof ordinal === 'number' ? { 'otto.ordinal': ordinal } : {}),
  }
}
