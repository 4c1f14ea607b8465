import type { JsonObject } from '../../core/json.ts'
import { uuidV5 } from '../../core/uuid.ts'
import type { GameView } from '../../tictactoe/game-view.ts'
import { boardText } from '../../tictactoe/game-view.ts'
import { gameIdOf, machineIdOf, oracleIdOf } from '../../tictactoe/ids.ts'
import type { WalletAddresses } from '../wallets.ts'

/** A request body that can be sent as it stands, and the status it gets when its turn has come. */
export type RequestExample = {
  readonly name: string
  readonly summary: string
  readonly status: number
  readonly value: JsonObject
}

/** Of whom and where the examples are to work. */
export type ExampleWorld = {
  /** Names the network inside game ids. */
  readonly network: string
  /** Who will send them: the id of a game made under a request key depends on it. */
  readonly principal: string
  /** A UUID of this process, so that the examples work again after a restart on the same ledger. */
  readonly seed: string
  readonly wallets: WalletAddresses
  /** Does a person have to agree to each write first? */
  readonly asksFirst: boolean
}

/**
 * One game, told by calls: sent in this order each gets the status it names, and sent again under its key the same
 * answer. Each door tells a game of its own.
 */
export type Story = {
  readonly gameId: string
  /** The flat arguments of a tool; none for a tool that the story does not know. */
  of(tool: string): readonly RequestExample[]
  /** What a tool answers when its first example is sent. */
  answerOf(tool: string): JsonObject
}

/** @param door keeps the stories of two doors apart */
export function createStory(door: string, { network, principal, seed, wallets, asksFirst }: ExampleWorld): Story {
  const keyOf = (call: string) => uuidV5(`${door}/${call}`, seed)
  const gameId = gameIdOf(network, principal, keyOf('create'))
  const write = (call: string, args: JsonObject = {}): JsonObject => ({
    ...(call === 'create' ? {} : { gameId }),
    ...args,
    idempotencyKey: keyOf(call),
  })
  const one = (name: string, summary: string, value: JsonObject, status = 200): RequestExample => ({
    name,
    summary,
    status,
    value,
  })
  const byTool = new Map<string, readonly RequestExample[]>([
    ['ttt_create_game', [one('create', 'A new game', write('create'))]],
    ['ttt_start_game', [one('start', 'Start it', write('start'))]],
    [
      'ttt_make_move',
      [
        one('move', 'X takes the middle', write('move', { player: 'X', cell: 4 })),
        one('taken', 'O tries the same cell: refused, and still an answer', { gameId, player: 'O', cell: 4 }),
      ],
    ],
    ['ttt_get_state', [one('state', 'Read the board', { gameId })]],
    ['ttt_simulate_move', [one('simulate', 'Would it be legal?', { gameId, player: 'O', cell: 0 })]],
    ['ttt_reset_board', [one('reset', 'An empty board for the next round', write('reset'))]],
    ['ttt_cancel_game', [one('cancel', 'End it for good', write('cancel', { reason: 'Enough for today.' }))]],
  ])
  /** Unless somebody agrees there is never a game to read. */
  const asStatus = (tool: string, status: number): number => {
    if (!asksFirst) return status
    return reads.includes(tool) ? 404 : 409
  }
  const of = (tool: string) =>
    (byTool.get(tool) ?? []).map((example) => ({ ...example, status: asStatus(tool, example.status) }))
  return { gameId, of, answerOf: (tool) => answerOf(tool, gameId, wallets) }
}

const reads = ['ttt_get_state', 'ttt_simulate_move']

type Stage = Pick<GameView, 'machineState' | 'status' | 'turn'>
const beginning: Stage = { machineState: 'playing', status: 'InProgress', turn: 'X' }

/** How the game stands after a tool's first example. */
const stages: ReadonlyMap<string, Stage> = new Map([
  ['ttt_create_game', { machineState: 'setup', status: 'NotInitialized', turn: null }],
  ['ttt_cancel_game', { machineState: 'cancelled', status: 'Cancelled', turn: null }],
  ['ttt_make_move', { ...beginning, turn: 'O' }],
  ['ttt_get_state', { ...beginning, turn: 'O' }],
  ['ttt_simulate_move', { ...beginning, turn: 'O' }],
])

const hash = 'a3f1c5d20b7e98640c1d5e9f7a2b4c6d8e0f1a3b5c7d9e1f2a4b6c8d0e2f4a6b'

function answerOf(tool: string, gameId: string, { playerX, playerO }: WalletAddresses): JsonObject {
  const stage = stages.get(tool) ?? beginning
  const firstMove = { player: 'X', cell: 4, moveNum: 1, signer: playerX.address, hash, ordinal: 12 } as const
  const moves = stage.turn === 'O' ? [firstMove] : []
  const board = Array.from({ length: 9 }, (_, cell) => moves.find((move) => move.cell === cell)?.player ?? null)
  const view: GameView = {
    gameId,
    machineId: machineIdOf(gameId, 0),
    oracleId: oracleIdOf(gameId),
    ...stage,
    board,
    winner: null,
    moveCount: moves.length,
    roundCount: tool === 'ttt_reset_board' ? 1 : 0,
    playerX: playerX.address,
    playerO: playerO.address,
    moveHistory: moves,
    boardText: boardText(board),
    ordinal: 12,
    hash: tool === 'ttt_get_state' || tool === 'ttt_simulate_move' ? null : hash,
  }
  return tool === 'ttt_simulate_move' ? { ...view, valid: true, reason: null } : view
}
