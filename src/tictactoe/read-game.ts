import type { Chain } from '../chain/chain.ts'
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Mark } from '../intent/intent.ts'
import { createGameMemory } from './_memory.ts'
import { DeadlineExceededError, GameNotFoundError } from './errors.ts'
import type { Game } from './game.ts'
import { gameIdIn, isConsistent, machineIdIn } from './game.ts'
import { machineIdOf } from './ids.ts'

/** Reads games off the ledger, and never an older state than one that was confirmed or shown before. */
export type GameReader = {
  /**
   * The game that an id names: its own, its oracle's, or that of any of its machines.
   * @throws GameNotFoundError, DeadlineExceededError, LedgerUnreachableError
   */
  find(id: string, signal: AbortSignal): Promise<Game>
  /** The id of the game that an id names, where it was found before. */
  idOf(id: string): string | undefined
  /** A game that is known to be there: a node that does not show it lags behind. @throws DeadlineExceededError */
  readMade(gameId: string, signal: AbortSignal): Promise<Game>
  /** The game as it stands, undefined when the ledger has none. Machine and oracle come from one snapshot. */
  read(gameId: string, signal: AbortSignal): Promise<Game | undefined>
  /** Takes a state that was read with `readAt` for shown. False when it is not one moment's, or older than another. */
  take(game: Game): boolean
  /** One machine of the game beside its oracle, as they are read, undefined until both exist. */
  readAt(gameId: string, machineId: string, signal: AbortSignal): Promise<Game | undefined>
}

/** Waits between reads that do not agree, in ms; the last one repeats until the deadline. */
const REREAD_MS = [5, 20, 50, 100, 200]
/** Reads after which two records that never agree are taken as they are: somebody else invoked the script. */
const PATIENCE = 6

export type GameReaderDeps = {
  readonly chain: Chain
  readonly clock: Clock
  /** The newest state of a game that the log of intents knows to be true. */
  readonly markOf: (gameId: string) => Promise<Mark | undefined>
  /** Do other bridges write to that log? Then it may know of something newer at any time. */
  readonly isShared: boolean
  readonly log: Log
}

export function createGameReader({ chain, clock, markOf, isShared, log }: GameReaderDeps): GameReader {
  const memory = createGameMemory()

  /** Reads go on while the log cannot be read. */
  const recall = async (gameId: string): Promise<void> => {
    if (!isShared && memory.knows(gameId)) return
    const mark = await markOf(gameId).catch((error: unknown) => {
      log.warn({ err: error, gameId }, 'the newest known state of a game cannot be read')
    })
    if (mark) memory.raise(gameId, mark)
  }

  const readAt = async (gameId: string, machineId: string, signal: AbortSignal): Promise<Game | undefined> => {
    const script = await chain.readScript(memory.oracleOf(gameId), { signal })
    const machine = script && (await chain.readMachine(machineId, { signal }))
    return script && machine ? memory.parse(gameId, machine, script) : undefined
  }

  const readOnce = async (gameId: string, signal: AbortSignal): Promise<Game | undefined> => {
    const script = await chain.readScript(memory.oracleOf(gameId), { signal })
    if (script === null || gameIdIn(script.stateData) !== gameId) return undefined
    const machine = await chain.readMachine(machineIdIn(script) ?? machineIdOf(gameId, 0), { signal })
    return machine ? memory.parse(gameId, machine, script) : undefined
  }

  const read = async (gameId: string, signal: AbortSignal): Promise<Game | undefined> => {
    await recall(gameId)
    for (let attempt = 0; ; attempt++) {
      const game = await readOnce(gameId, signal)
      const stale = memory.isStale(gameId, game)
      if (!stale && (game === undefined || isConsistent(game) || attempt >= PATIENCE)) {
        if (game !== undefined) memory.note(game)
        return game
      }
      await pause(clock, REREAD_MS[Math.min(attempt, REREAD_MS.length - 1)] ?? 200, signal)
    }
  }

  /** An id may also be that of an oracle or a machine; both tell the game they belong to. */
  const gameIdBehind = async (id: string, signal: AbortSignal): Promise<string | undefined> => {
    const script = await chain.readScript(id, { signal })
    if (script) return gameIdIn(script.stateData)
    return gameIdIn((await chain.readMachine(id, { signal }))?.stateData)
  }

  const readMade = async (gameId: string, signal: AbortSignal): Promise<Game> => {
    for (let attempt = 0; ; attempt++) {
      const game = await read(gameId, signal)
      if (game !== undefined) return game
      await pause(clock, REREAD_MS[Math.min(attempt, REREAD_MS.length - 1)] ?? 200, signal)
    }
  }

  return {
    read,
    readAt,
    readMade,
    idOf: memory.idOf,
    take(game) {
      const isGood = isConsistent(game) && !memory.isStale(game.gameId, game)
      if (isGood) memory.note(game)
      return isGood
    },
    async find(id, signal) {
      const known = memory.idOf(id)
      const game = await read(known ?? id, signal)
      if (game !== undefined) return game
      const behind = known ?? (await gameIdBehind(id, signal))
      const found = behind === undefined ? undefined : await read(behind, signal)
      if (found === undefined) throw new GameNotFoundError(id)
      return found
    },
  }
}

async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal)
  } catch (cause) {
    throw new DeadlineExceededError(cause)
  }
}
