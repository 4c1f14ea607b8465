import { z } from 'zod'
import { GameView } from '../tictactoe/game-view.ts'
import type { Games } from '../tictactoe/tictactoe.ts'
import { GameId } from './_arguments.ts'
import type { Tool } from './tool.ts'
import { defineTool } from './tool.ts'

/** `ttt_get_state`: the game as the ledger holds it now. */
export const tttGetState = (games: Games): Tool =>
  defineTool({
    name: 'ttt_get_state',
    origin: 'game',
    summary: 'Read a game: board, whose turn it is, status and all moves.',
    effect: 'read',
    input: z.strictObject({ gameId: GameId }),
    output: GameView,
    run: async ({ gameId }, caller) => ({ result: await games.state(gameId, caller) }),
  })
