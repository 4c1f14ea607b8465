import type { JsonObject } from '../../core/json.ts'
import type { ToolDescription, ToolOutcome } from '../../tools/tool.ts'
import type { McpEra } from './messages.ts'

/** Writes that only add to a game. Every other write ends or replaces something, and is asked about first. */
const additive: ReadonlySet<string> = new Set(['ttt_create_game', 'ttt_start_game', 'ttt_make_move'])
/** Writes that leave the same state when they are done again. */
const idempotent: ReadonlySet<string> = new Set(['ttt_cancel_game'])

/** Does a call of this tool destroy something? */
export const isDestructive = ({ name, effect }: ToolDescription): boolean => effect === 'write' && !additive.has(name)

/** `ttt_make_move` → `Make move`. */
export function titleOf(name: string): string {
  const words = name.replace(/^ttt_/, '').replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** A tool of the catalogue as MCP lists it. The hints are said even where they are the protocol's defaults. */
export function toMcpTool(tool: ToolDescription): JsonObject {
  const isRead = tool.effect === 'read'
  return {
    name: tool.name,
    title: titleOf(tool.name),
    description: tool.summary,
    inputSchema: tool.inputSchema,
    outputSchema: tool.outputSchema,
    annotations: {
      title: titleOf(tool.name),
      readOnlyHint: isRead,
      ...(isRead ? {} : { destructiveHint: isDestructive(tool), idempotentHint: idempotent.has(tool.name) }),
      openWorldHint: true,
    },
  }
}

/** The list is the same for every caller and for the life of the process. */
export const toToolList = (tools: readonly ToolDescription[], era: McpEra): JsonObject => ({
  tools: tools.map(toMcpTool),
  ...(era === 'modern' ? { ttlMs: 300_000, cacheScope: 'public' } : {}),
})

type Failure = Extract<ToolOutcome, { success: false }>

/** A tool's outcome as the result of `tools/call`; the flat result stands there twice, for clients of either era. */
export function toCallResult(outcome: ToolOutcome): JsonObject {
  if (!outcome.success) return toErrorResult(outcome)
  const { result, traceId, replayed } = outcome
  return {
    isError: false,
    content: [{ type: 'text', text: JSON.stringify(result) }],
    structuredContent: result,
    _meta: { 'otto/traceId': traceId, ...(replayed ? { 'otto/replayed': true } : {}) },
  }
}

/** A refusal as a model reads it: what happened, and what to do next. */
export function toErrorResult({ success: _, error, code, hint, ...rest }: Failure): JsonObject {
  return { isError: true, content: [{ type: 'text', text: JSON.stringify({ error, code, hint, ...rest }) }] }
}
