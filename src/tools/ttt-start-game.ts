import { z } from 'zod'
import { GameView } from '../tictactoe/game-view.ts'
import type { Games } from '../tictactoe/tictactoe.ts'
import { GameId, IdempotencyKey } from './_arguments.ts'
import { toResult } from './_played.ts'
import { signingOfBoth } from './_signing.ts'
import type { Tool } from './tool.ts'
import { defineTool } from './tool.ts'

/** `ttt_start_game`: setup → playing. The oracle lays out the board; X begins. */
export const tttStartGame = (games: Games): Tool =>
  defineTool({
    name: 'ttt_start_game',
    origin: 'game',
    summary: 'Start a created game. X moves first.',
    effect: 'write',
    scopes: () => signingOfBoth,
    input: z.strictObject({ gameId: GameId, idempotencyKey: IdempotencyKey }),
    output: GameView,
    run: async ({ gameId }, caller) => toResult(await games.start(gameId, caller)),
  })
