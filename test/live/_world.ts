import { silentLog } from '../../src/core/log.ts'
import type { Feed, FeedDeps } from '../../src/live/feed.ts'
import { createFeed } from '../../src/live/feed.ts'
import type { Begin, LiveRecord } from '../../src/live/live.ts'
import { LiveRecord as Schema } from '../../src/live/live.ts'
import { systemClock } from '../../src/system.ts'
import { GameNotFoundError } from '../../src/tictactoe/errors.ts'
import type { GameView, MachineState, Mark, Status } from '../../src/tictactoe/game-view.ts'
import { boardText } from '../../src/tictactoe/game-view.ts'
import { machineIdOf, oracleIdOf } from '../../src/tictactoe/ids.ts'
import type { GameEntry } from '../../src/tictactoe/list-games.ts'

/** How a game goes on. */
export type Action = 'start' | 'move' | 'win' | 'reset' | 'cancel'

const states: Readonly<Record<Status, MachineState>> = {
  NotInitialized: 'setup',
  InProgress: 'playing',
  Won: 'finished',
  Draw: 'finished',
  Cancelled: 'cancelled',
}

/** The view of a game with so many moves, in cells 0, 1, 2 and so on. */
export function viewOf(
  gameId: string,
  { status, round, moves, machineRound, ordinal }: Standing & { ordinal: number },
): GameView {
  const playerOf = (move: number): Mark => (move % 2 === 0 ? 'X' : 'O')
  const board = Array.from({ length: 9 }, (_, cell) => (cell < moves ? playerOf(cell) : null))
  return {
    gameId,
    machineId: machineIdOf(gameId, machineRound),
    oracleId: oracleIdOf(gameId),
    machineState: states[status],
    status,
    board,
    turn: status === 'InProgress' ? playerOf(moves) : null,
    winner: status === 'Won' ? playerOf(moves - 1) : null,
    moveCount: moves,
    roundCount: round,
    playerX: 'DAG-of-X',
    playerO: 'DAG-of-O',
    moveHistory: Array.from({ length: moves }, (_, cell) => ({
      player: playerOf(cell),
      cell,
      moveNum: cell + 1,
      signer: `DAG-of-${playerOf(cell)}`,
      hash: null,
      ordinal: null,
    })),
    boardText: boardText(board),
    ordinal,
    hash: null,
  }
}

type Standing = {
  readonly status: Status
  readonly round: number
  readonly moves: number
  /** The round that the machine began with. */
  readonly machineRound: number
}

export const begun: Standing = { status: 'NotInitialized', round: 0, moves: 0, machineRound: 0 }

/** What an action makes of a game, undefined where the rules refuse it. */
export function after(standing: Standing, action: Action): Standing | undefined {
  const { status, round, moves } = standing
  const isPlayed = status === 'InProgress'
  if (action === 'start') return status === 'NotInitialized' ? { ...standing, status: 'InProgress' } : undefined
  if (action === 'cancel')
    return isPlayed || status === 'NotInitialized' ? { ...standing, status: 'Cancelled' } : undefined
  if (action === 'reset' && isPlayed) return { ...standing, round: round + 1, moves: 0 }
  if (action === 'reset' && (status === 'Won' || status === 'Draw'))
    return { status: 'InProgress', round: round + 1, moves: 0, machineRound: round + 1 }
  if (!isPlayed || action === 'reset') return undefined
  if (action === 'win' && moves >= 4) return { ...standing, status: 'Won', moves: moves + 1 }
  return { ...standing, status: moves === 8 ? 'Draw' : 'InProgress', moves: moves + 1 }
}

/** Games of a ledger that lives in a map: what they do is seen by whoever reads. */
export function createWorld() {
  const games = new Map<string, Standing & { readonly ordinal: number; readonly created: number }>()
  const listeners = new Set<(fiberIds: ReadonlySet<string>) => void>()
  const counts = { reads: 0, looks: 0 }
  const faults: Error[] = []
  let ordinal = 0

  const show = (gameId: string): GameView => {
    const game = games.get(gameId)
    if (game === undefined) throw new GameNotFoundError(gameId)
    return viewOf(gameId, game)
  }
  const touch = (gameId: string): void => {
    const { machineId, oracleId } = show(gameId)
    for (const listener of listeners) listener(new Set([machineId, oracleId]))
  }
  const failIfTold = (): void => {
    const fault = faults.shift()
    if (fault) throw fault
  }
  return {
    counts,
    /** What the next reads fail with. */
    faults,
    listeners,
    show,
    touch,
    create(): string {
      const gameId = crypto.randomUUID()
      games.set(gameId, { ...begun, ordinal: ++ordinal, created: ordinal })
      touch(gameId)
      return gameId
    },
    play(gameId: string, ...actions: readonly Action[]): GameView {
      for (const action of actions) {
        const game = games.get(gameId)
        const next = game && after(game, action)
        if (game === undefined || next === undefined) throw new TypeError(`The rules refuse ${action}.`)
        games.set(gameId, { ...game, ...next, ordinal: ++ordinal })
        touch(gameId)
      }
      return show(gameId)
    },
    read: async (gameId: string): Promise<GameView> => {
      counts.reads += 1
      failIfTold()
      return show(gameId)
    },
    list: (async ({ limit }) => {
      counts.looks += 1
      failIfTold()
      const all = [...games.entries()].toSorted(([, one], [, other]) => other.created - one.created)
      const entries = all.map(([gameId]): GameEntry => {
        const { machineId, oracleId, machineState, status, roundCount, moveCount, turn, winner, ordinal } = show(gameId)
        return { gameId, machineId, oracleId, machineState, status, roundCount, moveCount, turn, winner, ordinal }
      })
      return { games: entries.slice(0, limit), next: null }
    }) satisfies FeedDeps['list'],
    onSnapshot(listener: (fiberIds: ReadonlySet<string>) => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
export type World = ReturnType<typeof createWorld>

/** A feed over a world; `isTold`: it hears of snapshots, as of a ledger in the same process. */
export const feedOf = (
  world: World,
  { isTold = true, ...rest }: { isTold?: boolean } & Partial<Pick<FeedDeps, 'clock' | 'keptRecords' | 'boot'>> = {},
): Feed =>
  createFeed({
    read: world.read,
    list: world.list,
    ...(isTold ? { onSnapshot: world.onSnapshot } : {}),
    clock: systemClock,
    boot: 'boot',
    log: silentLog,
    ...rest,
  })

/** Begins a stream and keeps what it tells. */
export function listen(begin: Begin) {
  const records: LiveRecord[] = []
  const state = { isEnded: false }
  const leave = begin({
    send: ({ json }) => records.push(Schema.parse(JSON.parse(json))),
    end: () => {
      state.isEnded = true
    },
  })
  return { records, state, leave, types: () => records.map(({ type }) => type) }
}

export const never = new AbortController().signal
