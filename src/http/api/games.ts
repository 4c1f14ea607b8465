import type { JsonObject } from '../../core/json.ts'
import { MachineState, Status } from '../../tictactoe/game-view.ts'
import { maxGamePage } from '../../tictactoe/list-games.ts'
import type { ExampleWorld, Story } from './examples.ts'
import type { OperationDraft } from './operations.ts'
import { guarded, reading } from './operations.ts'
import { schemaRef } from './schemas.ts'

const queryOf = (name: string, description: string, schema: JsonObject): JsonObject => ({
  name,
  in: 'query',
  description,
  schema,
})

/** `GET /otto/games`. */
export function listGames(story: Story): OperationDraft {
  const { gameId, machineId, oracleId, machineState, status, roundCount, moveCount, turn, winner, ordinal } =
    story.answerOf('ttt_make_move')
  const entry = { gameId, machineId, oracleId, machineState, status, roundCount, moveCount, turn, winner, ordinal }
  return {
    operationId: 'listGames',
    tag: 'games',
    summary: 'The games on the ledger, newest first',
    description:
      'A page may hold fewer games than asked for although more follow: go on until next is null. Only games that this service would play are listed.',
    parameters: [
      queryOf('limit', 'The most games to answer.', { type: 'integer', minimum: 1, maximum: maxGamePage, default: 50 }),
      queryOf('cursor', 'The next of an earlier page.', { type: 'string' }),
      queryOf('machineState', 'Only games in this state.', { type: 'string', enum: MachineState.options }),
      queryOf('status', 'Only games of this status.', { type: 'string', enum: Status.options }),
    ],
    success: {
      description: 'One page.',
      schema: schemaRef('GamePage'),
      examples: { page: { games: [entry as JsonObject], next: `11.${story.gameId}` } },
    },
    codes: [...guarded, ...reading],
    door: 'problem',
  }
}

/** `GET /otto/games/:id/state`. */
export const readGame = (story: Story): OperationDraft => ({
  operationId: 'readGame',
  tag: 'games',
  summary: 'A game, as ttt_get_state answers it',
  parameters: [
    {
      name: 'id',
      in: 'path',
      required: true,
      description: 'The gameId, or the id of its machine or its oracle.',
      schema: { type: 'string', format: 'uuid' },
      example: story.gameId,
    },
    'Prefer',
  ],
  success: {
    description: 'The game as the ledger holds it.',
    schema: schemaRef('GameView'),
    examples: { game: story.answerOf('ttt_get_state') },
  },
  codes: [...guarded, ...reading, 'GAME_NOT_FOUND', 'IDEMPOTENCY_KEY_INVALID'],
  door: 'problem',
})

/** `GET /wallets`. */
export const wallets = ({ wallets: { playerX, playerO } }: ExampleWorld): OperationDraft => ({
  operationId: 'showWallets',
  tag: 'games',
  summary: 'The addresses that sign for X and O',
  success: {
    description: 'Two DAG addresses, and nothing else of the wallets.',
    schema: schemaRef('Wallets'),
    examples: { wallets: { playerX: { address: playerX.address }, playerO: { address: playerO.address } } },
  },
  codes: guarded,
  door: 'problem',
})
