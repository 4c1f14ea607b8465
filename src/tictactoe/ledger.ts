import type { Chain } from '../chain/chain.ts'
import { createBoundedMap } from '../core/bounded-map.ts'
import type { Clock } from '../core/clock.ts'
import { orAborted } from '../core/deadline.ts'
import type { Log } from '../core/log.ts'
import type { IntentLog } from '../intent/intent.ts'
import type { IntentHistory, RejectedIntent } from '../intent/intent-history.ts'
import { addressFromId, isId } from '../signing/address.ts'
import { messagesOfGame } from './_game-messages.ts'
import { searchLedger } from './_ledger-search.ts'
import type { MessageTeller } from './_message-teller.ts'
import { createMessageTeller } from './_message-teller.ts'
import { walkBack } from './_snapshot-walk.ts'
import { DeadlineExceededError, EarlierRefusal } from './errors.ts'
import type {
  GameMessages,
  LedgerFindings,
  Rejections,
  SnapshotPage,
  SnapshotView,
  WalletUsage,
} from './ledger-view.ts'
import { createGameReader } from './read-game.ts'

/** The ledger as people look at it. Each call ends within the deadline of a tool, or when its signal fires. */
export type LedgerView = {
  /** By any id of the game. @throws GameNotFoundError, LedgerUnreachableError, DeadlineExceededError */
  messagesOf(id: string, signal: AbortSignal): Promise<GameMessages>
  /** Newest first; only those before an ordinal, where one is given. @throws LedgerUnreachableError */
  snapshots(query: SnapshotQuery, signal: AbortSignal): Promise<SnapshotPage>
  /** Undefined where the ledger shows none. @throws LedgerUnreachableError */
  snapshot(ordinal: number | 'latest', signal: AbortSignal): Promise<SnapshotView | undefined>
  /** @param query a UUID, or 64 hex digits. @throws LedgerUnreachableError, DeadlineExceededError */
  search(query: string, signal: AbortSignal): Promise<LedgerFindings>
  /** @throws StorageUnavailableError */
  rejections(limit: number): Promise<Rejections>
  /** Today and the days before it, in UTC; half a minute old at most. @throws StorageUnavailableError, DeadlineExceededError */
  usage(days: number, signal: AbortSignal): Promise<WalletUsage>
}

export type SnapshotQuery = { readonly limit: number; readonly before?: number | undefined }

export type LedgerViewDeps = {
  readonly chain: Chain
  readonly intents: Pick<IntentLog, 'markOf'>
  readonly history: IntentHistory
  /** Do other bridges share the log of intents? */
  readonly isShared: boolean
  readonly playerX: { readonly address: string }
  readonly playerO: { readonly address: string }
  readonly clock: Clock
  readonly deadlineMs: number
  readonly log: Log
}

export function createLedgerView(deps: LedgerViewDeps): LedgerView {
  const { chain, history, intents, deadlineMs } = deps
  const { nulls } = chain.dialect
  const reader = createGameReader({ ...deps, markOf: intents.markOf })
  const teller = createMessageTeller(chain)
  const usage = createUsage(deps)
  const inTime = (signal: AbortSignal) => AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)])
  return {
    async messagesOf(id, given) {
      const signal = inTime(given)
      const game = await reader.find(id, signal)
      return { gameId: game.gameId, nulls, ...(await messagesOfGame(chain, game, signal)) }
    },
    snapshots: (query, signal) => readPage(chain, query, inTime(signal)),
    snapshot: (ordinal, signal) => readOne({ chain, teller }, ordinal, inTime(signal)),
    search: (query, signal) => searchLedger({ chain, reader, history, teller }, query, inTime(signal)),
    rejections: async (limit) => ({ rejections: (await history.rejected(limit)).map(toRejection) }),
    usage: (days, signal) => usage(days, inTime(signal)),
  }
}

async function readPage(chain: Chain, { limit, before }: SnapshotQuery, signal: AbortSignal): Promise<SnapshotPage> {
  const newest = await chain.readOrdinal({ signal })
  const from = Math.min(newest, (before ?? Number.POSITIVE_INFINITY) - 1)
  const downTo = Math.max(0, from - limit + 1)
  const snapshots: SnapshotPage['snapshots'] = []
  for await (const { ordinal, lastSnapshotHash, messages } of walkBack(chain, { from, downTo }, signal))
    snapshots.push({ ordinal, lastSnapshotHash, messages: messages.length })
  const last = snapshots.at(-1)?.ordinal
  return { newest, snapshots, next: last === downTo && last > 0 ? last : null }
}

async function readOne(
  { chain, teller }: { readonly chain: Chain; readonly teller: MessageTeller },
  name: number | 'latest',
  signal: AbortSignal,
): Promise<SnapshotView | undefined> {
  const found = await chain.readSnapshot(name === 'latest' ? await chain.readOrdinal({ signal }) : name, { signal })
  if (found === null) return undefined
  const { ordinal, lastSnapshotHash, messages } = found
  return { ordinal, lastSnapshotHash, nulls: chain.dialect.nulls, messages: await teller.tell(messages, signal) }
}

function toRejection({ gameId, slot, traceId, hash, atMs, reason }: RejectedIntent): Rejections['rejections'][number] {
  const told = EarlierRefusal.safeParse(reason).data
  return {
    at: new Date(atMs).toISOString(),
    gameId,
    slot,
    code: told?.code ?? 'LEDGER_REFUSED',
    message: told?.message ?? 'The ledger refused the message.',
    hash,
    traceId,
  }
}

const dayMs = 24 * 3_600_000
/** Counting looks through every intent that is kept, which takes a second for each 30,000. */
const usageAgeMs = 30_000

/** Counts once for all who ask for the same days at nearly the same time. */
function createUsage({ history, playerX: x, playerO: o, clock }: LedgerViewDeps) {
  const known = createBoundedMap<number, { readonly atMs: number; readonly usage: Promise<WalletUsage> }>(8)
  const lasting = new AbortController().signal // never fires: others may wait for the same count

  const count = async (days: number): Promise<WalletUsage> => {
    const sinceMs = (Math.floor(clock.nowMs() / dayMs) - days + 1) * dayMs
    const byDay = new Map<string, WalletUsage['days'][number]>()
    for (const { day, id, count: signed } of await history.signedSince(sinceMs, lasting)) {
      const address = isId(id) ? addressFromId(id) : undefined
      const { playerX, playerO } = byDay.get(day) ?? { playerX: 0, playerO: 0 }
      if (address === x.address) byDay.set(day, { day, playerX: playerX + signed, playerO })
      else if (address === o.address) byDay.set(day, { day, playerX, playerO: playerO + signed })
    }
    return { days: [...byDay.values()] }
  }

  return async (days: number, signal: AbortSignal): Promise<WalletUsage> => {
    const nowMs = clock.monotonicMs()
    const last = known.get(days)
    const entry = last && nowMs - last.atMs < usageAgeMs ? last : { atMs: nowMs, usage: count(days) }
    if (entry !== last) {
      known.set(days, entry)
      entry.usage.catch(() => known.delete(days))
    }
    try {
      return await orAborted(entry.usage, signal)
    } catch (error) {
      throw signal.aborted ? new DeadlineExceededError(error) : error
    }
  }
}
