import { z } from 'zod'
import { GameView } from '../tictactoe/game-view.ts'
import type { Games } from '../tictactoe/tictactoe.ts'
import { GameId, IdempotencyKey, Reason } from './_arguments.ts'
import { toResult } from './_played.ts'
import { signingOfBoth } from './_signing.ts'
import type { Tool } from './tool.ts'
import { defineTool } from './tool.ts'

/** `ttt_cancel_game`: ends a game that is not over, for good. */
export const tttCancelGame = (games: Games): Tool =>
  defineTool({
    name: 'ttt_cancel_game',
    origin: 'game',
    summary: 'Cancel a game for good. Only when the user asks for it.',
    effect: 'write',
    scopes: () => signingOfBoth,
    input: z.strictObject({ gameId: GameId, reason: Reason, idempotencyKey: IdempotencyKey }),
    output: GameView,
    run: async ({ gameId, reason }, caller) => toResult(await games.cancel({ gameId, reason }, caller)),
  })
