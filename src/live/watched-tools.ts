import type { JsonObject } from '../core/json.ts'
import { isJsonObject } from '../core/json.ts'
import { GameView } from '../tictactoe/game-view.ts'
import type { ToolCatalog, ToolDescription, ToolOutcome } from '../tools/tool.ts'

/** What the catalogue is watched for. All return at once and never throw. */
export type ToolWatcher = {
  /** Does anybody want to know of this game? */
  wants(gameId: string): boolean
  /** A call about a game begins; what it returns is called at its end. */
  onCall(gameId: string): () => void
  /** A confirmed outcome; `created` and `changed` by a tool that does that, `seen` by one that only reads. */
  onView(view: GameView, how: 'created' | 'changed' | 'seen'): void
  /** Something was done before, and is told again: the state that is told may be an old one. */
  onReplay(gameId: string): void
}

const untold = () => {}

/** The same catalogue; every game that a call of it ends with is told. */
export function watchToolCatalog(catalog: ToolCatalog, watcher: ToolWatcher): ToolCatalog {
  /** The tool of the game that is called; others may give anything under the names that a game's state has. */
  const gameTool = (name: string): ToolDescription | undefined => {
    const tool = catalog.find(name)
    return tool?.origin === 'game' ? tool.description : undefined
  }
  const note = ({ name, effect }: ToolDescription, outcome: ToolOutcome): void => {
    if (!outcome.success) return
    const { gameId } = outcome.result
    if (typeof gameId !== 'string' || !watcher.wants(gameId)) return
    if (outcome.replayed) {
      watcher.onReplay(gameId)
      return
    }
    const view = GameView.safeParse(outcome.result)
    const how = name === 'ttt_create_game' ? 'created' : effect === 'write' ? 'changed' : 'seen'
    if (view.success) watcher.onView(view.data, how)
  }
  return {
    ...catalog,
    async call(name, args, context) {
      const tool = gameTool(name)
      const gameId = tool?.effect === 'write' ? gameIdIn(args) : undefined
      const end = gameId === undefined ? untold : watcher.onCall(gameId)
      try {
        const outcome = await catalog.call(name, args, context)
        if (tool !== undefined) note(tool, outcome)
        return outcome
      } finally {
        end()
      }
    },
  }
}

/** As it came: nothing of it is checked yet. */
function gameIdIn(args: unknown): string | undefined {
  const json = args as JsonObject // what every door gives comes out of parsed JSON
  if (!isJsonObject(json)) return undefined
  const { gameId } = json
  return typeof gameId === 'string' && gameId.length <= 64 ? gameId.toLowerCase() : undefined
}
