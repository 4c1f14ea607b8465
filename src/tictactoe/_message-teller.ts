import type { Chain, LedgerEvent } from '../chain/chain.ts'
import type { HeldMessage } from '../chain/snapshots.ts'
import { createBoundedMap } from '../core/bounded-map.ts'
import type { JsonValue } from '../core/json.ts'
import { isJsonObject, member } from '../core/json.ts'
import type { Message } from '../fiber/messages.ts'
import { addressFromId, isId } from '../signing/address.ts'
import { inTurn } from './_snapshot-walk.ts'
import { gameIdIn } from './game.ts'
import { machineIdOf, oracleIdOf } from './ids.ts'
import type { LedgerMessage } from './ledger-view.ts'

/** Shows messages of snapshots, with what has to be read elsewhere for it. */
export type MessageTeller = {
  /** Of any games, and of none. @throws LedgerUnreachableError */
  tell(held: readonly HeldMessage[], signal: AbortSignal): Promise<LedgerMessage[]>
  /** The game of ours that a message is for, undefined where there is none. @throws LedgerUnreachableError */
  gameOf(message: Message, signal: AbortSignal): Promise<string | undefined>
}

/** Fibers that one answer may cost reads for; what more of them hold is shown without the game and the outcome. */
const maxFibers = 200
const maxRemembered = 10_000

/** @param chain where fibers tell whose they are, and machines what became of their events */
export function createMessageTeller(chain: Pick<Chain, 'readMachine' | 'readScript' | 'readEvents'>): MessageTeller {
  const games = createBoundedMap<string, string>(maxRemembered) // by fiber: it never changes

  const readGameOf = async (message: Message, signal: AbortSignal): Promise<string | undefined> => {
    const { fiberId, type } = message
    if (type === 'CreateScript') return gameOfScript(fiberId, message.initialState)
    if (type === 'CreateStateMachine') return gameOfMachine(fiberId, message.initialData)
    if (type === 'InvokeScript')
      return gameOfScript(fiberId, (await chain.readScript(fiberId, { signal }))?.stateData ?? null)
    return gameOfMachine(fiberId, (await chain.readMachine(fiberId, { signal }))?.stateData ?? null)
  }
  const gameOf: MessageTeller['gameOf'] = async (message, signal) => {
    const found = games.get(message.fiberId) ?? (await readGameOf(message, signal))
    if (found !== undefined) games.set(message.fiberId, found)
    return found
  }

  return {
    gameOf,
    async tell(held, signal) {
      const byFiber = new Map(held.flatMap(({ message }) => (message ? [[message.fiberId, message] as const] : [])))
      const fibers = [...byFiber].slice(0, maxFibers)
      await inTurn(fibers, ([, message]) => gameOf(message, signal))
      const open = new Set(held.filter(isOpen).map(({ message }) => message?.fiberId ?? ''))
      const asked = fibers.map(([fiberId]) => fiberId).filter((fiberId) => open.has(fiberId))
      const events = (await inTurn(asked, (fiberId) => chain.readEvents(fiberId, { signal }))).flat()
      return tellAll(held, events, (fiberId) => games.get(fiberId))
    },
  }
}

/** An event of which the snapshot does not tell what became of it. */
const isOpen = ({ message, success }: HeldMessage): boolean =>
  message?.type === 'TransitionStateMachine' && success === null

/** @param gameIdOf the game that a fiber belongs to */
export function tellAll(
  held: readonly HeldMessage[],
  events: readonly LedgerEvent[],
  gameIdOf: (fiberId: string) => string | undefined,
): LedgerMessage[] {
  const outcomes = new Map(events.map(({ hash, ordinal, success }) => [`${hash} ${ordinal}`, success]))
  return held.map(({ ordinal, hash, value, proofs, message, gasUsed, success }) => ({
    ordinal,
    hash,
    type: message?.type ?? 'Unreadable',
    fiberId: message?.fiberId ?? null,
    eventName: message?.type === 'TransitionStateMachine' ? message.eventName : null,
    gameId: (message && gameIdOf(message.fiberId)) ?? null,
    signers: proofs.filter(({ id }) => isId(id)).map(({ id }) => addressFromId(id)),
    value,
    proofs: [...proofs],
    gasUsed,
    success: success ?? outcomes.get(`${hash} ${ordinal}`) ?? null,
  }))
}

/** A stranger's fiber may name any game: it is of one only where its own id follows from that. */
function gameOfScript(fiberId: string, data: JsonValue): string | undefined {
  const gameId = gameIdIn(data)
  return gameId !== undefined && oracleIdOf(gameId) === fiberId ? gameId : undefined
}

function gameOfMachine(fiberId: string, data: JsonValue): string | undefined {
  const gameId = gameIdIn(data)
  if (gameId === undefined) return undefined
  // A round that was reset while it was played goes on in the machine of an earlier one.
  const round = isJsonObject(data) ? member(data, 'roundCount') : undefined
  const newest = typeof round === 'number' && Number.isSafeInteger(round) ? round : 0
  for (let before = newest; before >= Math.max(0, newest - maxRounds); before--)
    if (machineIdOf(gameId, before) === fiberId) return gameId
  return undefined
}

/** So many are tried, since naming one costs some 3 µs and a stranger's machine may say any number. */
const maxRounds = 200
