import type { JsonObject } from '../../core/json.ts'
import { isUuid } from '../../core/uuid.ts'
import type { ToolCallContext } from '../../tools/tool.ts'
import type { ReadGame } from '../games.ts'
import type { Refusal } from '../problem.ts'

/** The rules of the game as the package ships them: the texts of two JSON files. */
export type RuleTexts = { readonly oracle: string; readonly stateMachine: string }

export type McpResourcesDeps = { readonly readGame: ReadGame; readonly rules?: RuleTexts | undefined }

/** What a read comes to: a JSON text, nothing of that name, or why it could not be read. */
export type ResourceReading = { readonly text: string } | 'unknown' | Refusal

/** The resources beside the tools: the rules, and any game by its id. */
export type McpResources = {
  readonly listed: readonly { readonly uri: string; readonly name: string; readonly description: string }[]
  readonly templates: readonly { readonly uriTemplate: string; readonly name: string; readonly description: string }[]
  read(uri: string, context: ToolCallContext): Promise<ResourceReading>
}

export const jsonType = 'application/json'

const gamePrefix = 'otto://games/'

export function createMcpResources({ readGame, rules }: McpResourcesDeps): McpResources {
  const files = rules === undefined ? [] : ruleFiles(rules)
  return {
    listed: files.map(({ text: _, ...file }) => file),
    templates: [
      { uriTemplate: `${gamePrefix}{gameId}`, name: 'game', description: 'A game as the ledger holds it now.' },
    ],
    async read(uri, context) {
      const file = files.find((one) => one.uri === uri)
      if (file !== undefined) return { text: file.text }
      const id = uri.startsWith(gamePrefix) ? uri.slice(gamePrefix.length) : ''
      if (!isUuid(id)) return 'unknown'
      const outcome = await readGame(id.toLowerCase(), context)
      if (outcome.success) return { text: JSON.stringify(outcome.result satisfies JsonObject) }
      return outcome.code === 'GAME_NOT_FOUND' ? 'unknown' : outcome
    },
  }
}

const ruleFiles = ({ oracle, stateMachine }: RuleTexts) => [
  {
    uri: 'otto://rules/oracle',
    name: 'oracle',
    description: 'The rules of the game: a JSON-Logic script.',
    text: oracle,
  },
  {
    uri: 'otto://rules/statemachine',
    name: 'statemachine',
    description: 'The life cycle of a game: states, transitions, guards.',
    text: stateMachine,
  },
]
