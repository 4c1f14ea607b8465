import type { ToolDescription } from '../../tools/tool.ts'
import type { RequestExample, Story } from './examples.ts'
import type { OperationDraft } from './operations.ts'
import { codesOfTool, guarded } from './operations.ts'
import { schemaRef, sharedSchema } from './schemas.ts'

/** `GET /otto/tools`. */
export const listTools = (tools: readonly ToolDescription[]): OperationDraft => ({
  operationId: 'listTools',
  tag: 'tools',
  summary: 'The tools with their JSON Schemas',
  success: {
    description: 'The tools that are offered to models.',
    schema: schemaRef('ToolList'),
    examples: { tools: { tools: tools.slice(0, 1).map((tool) => ({ ...tool })) } },
  },
  codes: guarded,
  door: 'tool',
})

/** `POST /otto/tool`: the story of one game, and two requests that are refused. */
export function callTool(tools: readonly ToolDescription[], story: Story): OperationDraft {
  const inEnvelope = (tool: string, { value, ...example }: RequestExample): RequestExample => ({
    ...example,
    value: { tool, args: value },
  })
  const strangers: readonly RequestExample[] = [
    { name: 'unknown', summary: 'No such tool', status: 404, value: { tool: 'ttt_win_game', args: {} } },
    {
      name: 'text',
      summary: 'A cell is a number: nothing is coerced',
      status: 400,
      value: { tool: 'ttt_make_move', args: { gameId: story.gameId, player: 'X', cell: '4' } },
    },
  ]
  return {
    operationId: 'callTool',
    tag: 'tools',
    summary: 'Call a tool by its name, with an envelope both ways',
    parameters: ['IdempotencyKey', 'Prefer'],
    body: {
      schema: schemaRef('ToolRequest'),
      examples: [
        ...tools.flatMap(({ name }) => story.of(name).map((example) => inEnvelope(name, example))),
        ...strangers,
      ],
    },
    success: {
      description: 'What the tool did.',
      schema: schemaRef('ToolSuccess'),
      examples: { move: { success: true, result: story.answerOf('ttt_make_move'), traceId: 'my-trace-1' } },
    },
    codes: [
      ...new Set([...tools.flatMap(codesOfTool), ...guarded, 'UNKNOWN_TOOL' as const, 'PERMISSION_DENIED' as const]),
    ],
    door: 'tool',
  }
}

/** `POST /otto/tools/:name`, for one name. */
export const toolAlone = (tool: ToolDescription, story: Story): OperationDraft => ({
  operationId: tool.name,
  tag: 'tools',
  summary: tool.summary,
  description: `${tool.effect === 'write' ? 'Signs and submits.' : 'Changes nothing.'} Flat arguments in, the flat result out.`,
  parameters: ['IdempotencyKey', 'Prefer'],
  body: { schema: tool.inputSchema, examples: story.of(tool.name) },
  success: {
    description: 'The game as the ledger holds it after the call.',
    schema: sharedSchema(tool.outputSchema),
    ...(story.of(tool.name).length > 0 ? { examples: { result: story.answerOf(tool.name) } } : {}),
  },
  codes: codesOfTool(tool),
  door: 'tool',
})
