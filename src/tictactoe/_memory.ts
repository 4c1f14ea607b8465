import { createBoundedMap } from '../core/bounded-map.ts'
import type { MachineView, ScriptView } from '../dialect/dialect.ts'
import type { Mark } from '../intent/intent.ts'
import type { Game } from './game.ts'
import { parseGame } from './game.ts'
import { oracleIdOf } from './ids.ts'

/** What a reader remembers of games: the names they go by, and the newest state of each that it has shown. */
export type GameMemory = {
  /** The game that an id of it was found to belong to. */
  idOf(id: string): string | undefined
  /** `oracleIdOf`, kept: naming it anew for every read costs as much as the read. */
  oracleOf(gameId: string): string
  /** `parseGame`, done once for two records that have not changed. */
  parse(gameId: string, machine: MachineView, script: ScriptView): Game
  /** Is it older than what was shown before? Nothing at all is, where there was something. */
  isStale(gameId: string, game: Game | undefined): boolean
  /** Takes a state for shown. */
  note(game: Game): void
  /** Was any state of the game seen here? */
  knows(gameId: string): boolean
  /** Takes for seen what another process, or an earlier one, knew to be true. */
  raise(gameId: string, mark: Mark): void
}

/** The newest state seen of a game: the oracle's count grows over all rounds, a machine's within its own. */
type Seen = Mark

/** @param maxGames how many are remembered; those read longest ago are forgotten first */
export function createGameMemory(maxGames = 10_000): GameMemory {
  const seen = createBoundedMap<string, Seen>(maxGames)
  const gameIds = createBoundedMap<string, string>(3 * maxGames)
  const oracleIds = createBoundedMap<string, string>(maxGames)
  const games = new WeakMap<MachineView, Game>()

  return {
    idOf: (id) => gameIds.get(id),
    oracleOf(gameId) {
      const oracleId = oracleIds.get(gameId) ?? oracleIdOf(gameId)
      oracleIds.set(gameId, oracleId)
      return oracleId
    },
    parse(gameId, machine, script) {
      const known = games.get(machine)
      if (known?.script === script && known.gameId === gameId) return known
      const game = parseGame(gameId, machine, script)
      games.set(machine, game)
      return game
    },
    isStale(gameId, game) {
      const newest = seen.get(gameId)
      if (newest === undefined) return false
      if (game === undefined || game.script.sequenceNumber < newest.scriptSequence) return true
      return game.machineId === newest.machineId && game.machine.sequenceNumber < newest.machineSequence
    },
    note({ gameId, machineId, machine, script }) {
      seen.set(gameId, { scriptSequence: script.sequenceNumber, machineId, machineSequence: machine.sequenceNumber })
      for (const id of [gameId, machineId, script.fiberId]) gameIds.set(id, gameId)
    },
    knows: (gameId) => seen.get(gameId) !== undefined,
    raise(gameId, mark) {
      const newest = seen.get(gameId)
      if (newest === undefined || isNewer(mark, newest)) seen.set(gameId, mark)
    },
  }
}

/** By the oracle's count first: it grows over all machines of a game. */
const isNewer = (mark: Mark, seen: Seen): boolean =>
  mark.scriptSequence > seen.scriptSequence ||
  (mark.scriptSequence === seen.scriptSequence &&
    (mark.machineId !== seen.machineId || mark.machineSequence > seen.machineSequence))
