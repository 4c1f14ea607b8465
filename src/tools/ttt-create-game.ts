import { z } from 'zod'
import { GameView } from '../tictactoe/game-view.ts'
import type { Games } from '../tictactoe/tictactoe.ts'
import { IdempotencyKey } from './_arguments.ts'
import { toResult } from './_played.ts'
import { signingOfBoth } from './_signing.ts'
import type { Tool } from './tool.ts'
import { defineTool } from './tool.ts'

/** `ttt_create_game`: a new oracle and a new machine, both owned by both players. */
export const tttCreateGame = (games: Games): Tool =>
  defineTool({
    name: 'ttt_create_game',
    origin: 'game',
    summary: 'Create a new tic-tac-toe game. Keep the gameId it returns: every other tool asks for it.',
    effect: 'write',
    scopes: () => signingOfBoth,
    input: z.strictObject({ idempotencyKey: IdempotencyKey }),
    output: GameView,
    run: async (_, caller) => toResult(await games.create(caller)),
  })
