import { z } from 'zod'
import { GameView } from '../tictactoe/game-view.ts'
import type { Games } from '../tictactoe/tictactoe.ts'
import { GameId, IdempotencyKey } from './_arguments.ts'
import { toResult } from './_played.ts'
import { signingOfBoth } from './_signing.ts'
import type { Tool } from './tool.ts'
import { defineTool } from './tool.ts'

/** `ttt_reset_board`: an empty board for the next round; the game and its oracle stay. */
export const tttResetBoard = (games: Games): Tool =>
  defineTool({
    name: 'ttt_reset_board',
    origin: 'game',
    summary: 'Clear the board and begin the next round of the same game, while it is played or after it ended.',
    effect: 'write',
    scopes: () => signingOfBoth,
    input: z.strictObject({ gameId: GameId, idempotencyKey: IdempotencyKey }),
    output: GameView,
    run: async ({ gameId }, caller) => toResult(await games.reset(gameId, caller)),
  })
