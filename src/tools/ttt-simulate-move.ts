import { z } from 'zod'
import { GameView, Mark } from '../tictactoe/game-view.ts'
import type { Games } from '../tictactoe/tictactoe.ts'
import { Cell, GameId } from './_arguments.ts'
import type { Tool } from './tool.ts'
import { defineTool } from './tool.ts'

/** `ttt_simulate_move`: asks the oracle’s own program about a move, here; nothing is signed or sent. */
export const tttSimulateMove = (games: Games): Tool =>
  defineTool({
    name: 'ttt_simulate_move',
    origin: 'game',
    summary: 'Check whether a move would be legal, without making it.',
    effect: 'read',
    input: z.strictObject({ gameId: GameId, player: Mark.describe('Who would move: X or O.'), cell: Cell }),
    output: GameView.extend({
      valid: z.boolean(),
      reason: z.string().nullable().describe('Why not; null when it is legal.'),
    }),
    run: async (move, caller) => ({ result: await games.simulate(move, caller) }),
  })
