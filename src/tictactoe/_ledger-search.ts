import type { Chain } from '../chain/chain.ts'
import { isUuid } from '../core/uuid.ts'
import { StorageUnavailableError } from '../db/errors.ts'
import type { IntentHistory } from '../intent/intent-history.ts'
import type { MessageTeller } from './_message-teller.ts'
import { walkBack } from './_snapshot-walk.ts'
import { GameNotFoundError } from './errors.ts'
import type { LedgerFindings } from './ledger-view.ts'
import { searchedSnapshots } from './ledger-view.ts'
import type { GameReader } from './read-game.ts'

export type SearchDeps = {
  readonly chain: Pick<Chain, 'readEvents' | 'readOrdinal' | 'readSnapshot'>
  readonly reader: Pick<GameReader, 'find'>
  readonly history: Pick<IntentHistory, 'withHash'>
  readonly teller: Pick<MessageTeller, 'gameOf'>
}

type Finding = LedgerFindings['found'][number]

/**
 * Looks for a game by any of its ids, or for a message or a snapshot by its hash.
 * @param query a UUID, or 64 hex digits
 * @throws LedgerUnreachableError, DeadlineExceededError, StorageUnavailableError
 */
export async function searchLedger(deps: SearchDeps, query: string, signal: AbortSignal): Promise<LedgerFindings> {
  const newest = await deps.chain.readOrdinal({ signal })
  const text = query.toLowerCase()
  if (isUuid(text)) return { found: await findGame(deps, text, signal), searched: { from: 0, to: newest } }
  const own = await findOwn(deps, text, signal)
  if (own?.ordinal !== undefined) return at(own, own.ordinal)
  const snapshot = await deps.chain.readSnapshot(text, { signal })
  if (snapshot !== null) return at({ kind: 'snapshot', hash: text, ordinal: snapshot.ordinal }, snapshot.ordinal)
  const { found, from } = await lookThrough(deps, text, newest, signal)
  return { found: found.length === 0 && own ? [own] : found, searched: { from, to: newest } }
}

const at = (finding: Finding, ordinal: number): LedgerFindings => ({
  found: [finding],
  searched: { from: ordinal, to: ordinal },
})

async function findGame({ reader }: SearchDeps, id: string, signal: AbortSignal): Promise<Finding[]> {
  try {
    const { gameId } = await reader.find(id, signal)
    return [{ kind: 'game', gameId }]
  } catch (error) {
    if (error instanceof GameNotFoundError) return []
    throw error
  }
}

/**
 * A message of this service, found without the ledger, and its place there where that lists its event. Without the
 * database the ledger alone is searched.
 */
async function findOwn(
  { chain, history }: SearchDeps,
  hash: string,
  signal: AbortSignal,
): Promise<Finding | undefined> {
  const intent = await history.withHash(hash).catch((error: unknown) => {
    if (error instanceof StorageUnavailableError) return undefined
    throw error
  })
  if (intent === undefined) return undefined
  const events = await chain.readEvents(intent.fiberId, { signal })
  const ordinal = events.find((event) => event.hash === hash)?.ordinal
  return { kind: 'message', gameId: intent.gameId, hash, ...(ordinal === undefined ? {} : { ordinal }) }
}

/** Each snapshot names the one before it by its hash. */
async function lookThrough({ chain, teller }: SearchDeps, hash: string, newest: number, signal: AbortSignal) {
  let from = newest
  const downTo = Math.max(0, newest - searchedSnapshots + 1)
  for await (const { ordinal, lastSnapshotHash, messages } of walkBack(chain, { from: newest, downTo }, signal)) {
    from = ordinal
    const held = messages.find((one) => one.hash === hash)
    if (held !== undefined) {
      const gameId = held.message && (await teller.gameOf(held.message, signal))
      const finding: Finding = { kind: 'message', hash, ordinal, ...(gameId === undefined ? {} : { gameId }) }
      return { found: [finding], from }
    }
    if (lastSnapshotHash === hash) {
      const finding: Finding = { kind: 'snapshot', hash, ordinal: ordinal - 1 }
      return { found: [finding], from }
    }
  }
  return { found: [], from }
}
