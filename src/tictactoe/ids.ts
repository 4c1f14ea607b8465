import type { JsonValue } from '../core/json.ts'
import { uuidV5 } from '../core/uuid.ts'
import { canonicalize } from '../signing/canonical.ts'

/** Names of the game world under one root, so that two processes give one thing one id. Itself a random UUID. */
const NAMESPACE = '5f6b0f8e-3d0c-4b53-9a55-6f2f9c1d7e21'

/** The oracle of a game: found from the game's id alone. */
export const oracleIdOf = (gameId: string): string => uuidV5('oracle', gameId)

/** The machine that begins with a round. Two bridges opening the same next round make the same machine, not twins. */
export const machineIdOf = (gameId: string, round: number): string => uuidV5(`machine/${round}`, gameId)

/** The id of a new game asked for under a request key: asking again finds the first game. */
export const gameIdOf = (network: string, principal: string, requestKey: string): string =>
  uuidV5(canonicalize(['game', network, principal, requestKey]), NAMESPACE)

/** The key of an event: the same event for the same place has the same key, from any process, in any year. */
export const eventKeyOf = (network: string, machineId: string, eventName: string, payload: JsonValue): string =>
  uuidV5(canonicalize([network, machineId, eventName, payload]), NAMESPACE)
