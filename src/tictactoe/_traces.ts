import type { Chain } from '../chain/chain.ts'
import { createBoundedMap } from '../core/bounded-map.ts'
import type { Game } from './game.ts'
import type { FindTrace, MoveTrace } from './view.ts'

/** Remembers where each move is on the ledger, and asks the ledger for those it has not seen itself. */
export type Traces = {
  readonly find: FindTrace
  remember(machineId: string, round: number, moveNum: number, trace: MoveTrace): void
  /** Asks the ledger for the moves of this game that nobody here has seen; a ledger that keeps none is asked once. */
  load(game: Game, signal: AbortSignal): Promise<void>
}

type MachineTraces = { readonly moves: Map<string, MoveTrace>; askedFor: string | undefined }

/** @param chain the newest event of a move wins: a round is played once, so there is no other */
export function createTraces(chain: Chain): Traces {
  const machines = createBoundedMap<string, MachineTraces>(10_000)

  const at = (machineId: string): MachineTraces => {
    const known = machines.get(machineId) ?? { moves: new Map(), askedFor: undefined }
    machines.set(machineId, known)
    return known
  }
  const find: FindTrace = (machineId, round, moveNum) => machines.get(machineId)?.moves.get(`${round}/${moveNum}`)
  const remember: Traces['remember'] = (machineId, round, moveNum, trace) => {
    const { moves } = at(machineId)
    for (const key of moves.keys()) if (!key.startsWith(`${round}/`)) moves.delete(key) // only one round is ever shown
    moves.set(`${round}/${moveNum}`, trace)
  }

  return {
    find,
    remember,
    async load({ machineId, data, oracle }, signal) {
      const place = `${data.roundCount}/${oracle.moveCount}`
      const isMissing = oracle.moveHistory.some(({ moveNum }) => !find(machineId, data.roundCount, moveNum))
      if (!isMissing || at(machineId).askedFor === place) return
      for (const { eventName, payload, success, hash, ordinal } of await chain.readEvents(machineId, { signal })) {
        const { round, moveNum } = payload
        if (success && eventName === 'make_move' && round === data.roundCount && typeof moveNum === 'number')
          remember(machineId, data.roundCount, moveNum, { hash, ordinal })
      }
      at(machineId).askedFor = place
    },
  }
}
