import { z } from 'zod'
import { GameView, Mark } from '../tictactoe/game-view.ts'
import type { Games } from '../tictactoe/tictactoe.ts'
import { Cell, GameId, IdempotencyKey } from './_arguments.ts'
import { toResult } from './_played.ts'
import { signingOf } from './_signing.ts'
import type { Tool } from './tool.ts'
import { defineTool } from './tool.ts'

/** `ttt_make_move`: signs as the named player and waits for the snapshot that holds the move. */
export const tttMakeMove = (games: Games): Tool =>
  defineTool({
    name: 'ttt_make_move',
    origin: 'game',
    summary: 'Place a mark on an empty cell. Call it once per turn, as the player whose turn it is.',
    effect: 'write',
    scopes: ({ player }) => [signingOf(player)],
    input: z.strictObject({
      gameId: GameId,
      player: Mark.describe('Who moves: X or O.'),
      cell: Cell,
      idempotencyKey: IdempotencyKey,
    }),
    output: GameView,
    run: async ({ gameId, player, cell }, caller) => toResult(await games.move({ gameId, player, cell }, caller)),
  })
