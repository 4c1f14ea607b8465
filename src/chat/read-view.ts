import type { JsonObject } from '../core/json.ts'
import { GameView } from '../tictactoe/game-view.ts'

/** The game in a tool's answer; undefined for what is none. */
export const readView = (result: JsonObject): GameView | undefined => GameView.safeParse(result).data
