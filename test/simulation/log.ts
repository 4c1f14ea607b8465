import type { JsonObject } from '../../src/core/json.ts'
import { StorageUnavailableError } from '../../src/db/errors.ts'
import type { Intent, IntentLog, KeyStore, LoggedIntent, Mark, Settlement } from '../../src/intent/intent.ts'

/** What is on the disk. */
export type Tables = {
  readonly rows: Row[]
  readonly keys: Map<string, KeyRow>
  readonly locks: Map<string, { readonly holder: string; readonly hold: number }>
  /** Until when each bridge is taken for alive, by the time of the world. */
  readonly leases: Map<string, number>
}

type Row = { intent: LoggedIntent; readonly bornMs: number; owner: string; mark: Mark | undefined }
type KeyRow = { readonly fingerprint: string; owner: string; outcome: JsonObject | undefined }

/** How one process reaches the tables. */
export type Door = {
  read<T>(look: () => T): Promise<T>
  /** @throws StorageUnavailableError */
  write<T>(change: () => T): Promise<T>
  /** Soon, or never where the process ends before. */
  later(change: () => unknown): void
}

export type Parts = Door & {
  readonly tables: Tables
  readonly bridgeId: string
  /** Is that bridge taken for alive? */
  readonly isAlive: (bridgeId: string) => boolean
  /** Is our own lease still good? */
  readonly isHeld: () => boolean
  readonly isShared: boolean
  readonly nowMs: () => number
  /** Time as it is, whatever any wall clock says. */
  readonly trueMs: () => number
  readonly trace: (line: string) => void
}

const isOpen = ({ state }: LoggedIntent): boolean => state === 'submitting' || state === 'accepted'

/** The log of intents by its contract, in memory. */
export function createIntents(parts: Parts): IntentLog {
  const { tables, bridgeId, isAlive, isHeld, isShared, read, write, later, nowMs, trueMs, trace } = parts
  const { rows, locks } = tables
  /** What this process knows, though its note of it may not be stored yet. */
  const told = new Set<string>()
  const rowOf = (id: string): Row | undefined => rows.find(({ intent }) => intent.id === id)
  const change = (id: string, next: Partial<LoggedIntent>): void => {
    const row = rowOf(id)
    if (row !== undefined) row.intent = { ...row.intent, ...next }
  }
  const insert = (intent: Intent): boolean => {
    if (isShared && locks.get(intent.gameId)?.holder !== bridgeId) return false
    if (rows.some((row) => row.intent.slot === intent.slot && isOpen(row.intent))) return false
    trace(
      `${bridgeId} stores ${intent.id.slice(0, 8)} ${intent.wish} ${intent.slot.slice(0, 8)}${intent.slot.slice(36)} of ${intent.traceId}`,
    )
    rows.push({ intent: logged(intent, nowMs()), bornMs: trueMs(), owner: bridgeId, mark: undefined })
    return true
  }

  return {
    async prepare(intent) {
      if (!isHeld()) throw new StorageUnavailableError(new Error('The lease has lapsed.'))
      return write(() => insert(intent))
    },
    sending: (id) => write(() => change(id, { sends: (rowOf(id)?.intent.sends ?? 0) + 1, lastSentMs: nowMs() })),
    accepted: (id) => later(() => rowOf(id)?.intent.state === 'submitting' && change(id, { state: 'accepted' })),
    settle: (id, settlement) =>
      write(() => {
        trace(`${bridgeId} settles ${id.slice(0, 8)} ${settlement.state}`)
        settle(rowOf(id), settlement)
      }),
    delivered(id) {
      told.add(id)
      later(() => change(id, { isDelivered: true }))
    },
    owedIn: (gameId) =>
      read(() => {
        const ofGame = rows.map(({ intent }) => intent).filter((intent) => intent.gameId === gameId)
        return ofGame.filter((intent) => {
          if (isOpen(intent)) return true
          const isOwed = intent.state === 'confirmed' && !intent.isDelivered && !told.has(intent.id)
          return isOwed && intent === ofGame.at(-1)
        })
      }),
    underKey: (principal, requestKey) =>
      read(
        () => rows.findLast(({ intent }) => intent.principal === principal && intent.requestKey === requestKey)?.intent,
      ),
    markOf: (gameId) =>
      read(() => rows.findLast(({ intent, mark }) => intent.gameId === gameId && mark !== undefined)?.mark),
    adoptOpen: (limit) =>
      write(() => {
        const free = rows.filter(({ intent, owner }) => isOpen(intent) && (owner === bridgeId || !isAlive(owner)))
        const taken = free.slice(0, limit)
        for (const row of taken) row.owner = bridgeId
        return taken.map(({ intent }) => intent)
      }),
    countOpen: () =>
      read(() => {
        const open = rows.map(({ intent }) => intent).filter(isOpen)
        return { open: open.length, oldestMs: open[0]?.createdMs }
      }),
    prune: async () => {}, // nothing here lives for a day
  }
}

/** As text and back: what a database keeps is no object of the bridge that wrote it. */
function logged(intent: Intent, atMs: number): LoggedIntent {
  const { requestKey } = intent
  const plain = JSON.parse(JSON.stringify(intent)) as Intent
  const start = { state: 'submitting', sends: 1, lastSentMs: atMs, createdMs: atMs } as const
  return { ...plain, requestKey, ...start, isDelivered: false, reason: undefined }
}

function settle(row: Row | undefined, settlement: Settlement): void {
  if (row === undefined || !isOpen(row.intent)) return
  const { state } = settlement
  row.mark = state === 'confirmed' ? settlement.mark : undefined
  row.intent = { ...row.intent, state, reason: state === 'rejected' ? settlement.reason : undefined }
}

/** Request keys by their contract, in memory. */
export function createKeys({ tables: { keys }, bridgeId, isAlive, write }: Parts): KeyStore {
  const nameOf = (principal: string, key: string) => JSON.stringify([principal, key])
  return {
    claim: (principal, key, fingerprint) =>
      write(() => {
        const name = nameOf(principal, key)
        const row = keys.get(name)
        if (row === undefined) {
          keys.set(name, { fingerprint, owner: bridgeId, outcome: undefined })
          return { kind: 'ours', isTakenOver: false } as const
        }
        if (row.fingerprint !== fingerprint) return { kind: 'other' } as const
        if (row.outcome !== undefined) return { kind: 'final', outcome: row.outcome } as const
        if (row.owner !== bridgeId && isAlive(row.owner)) return { kind: 'running' } as const
        row.owner = bridgeId
        return { kind: 'ours', isTakenOver: true } as const
      }),
    settle: (principal, key, outcome) =>
      write(() => {
        const row = keys.get(nameOf(principal, key))
        if (row !== undefined) row.outcome ??= JSON.parse(JSON.stringify(outcome)) as JsonObject
      }),
    release: (principal, key) =>
      write(() => {
        const row = keys.get(nameOf(principal, key))
        if (row?.owner === bridgeId && row.outcome === undefined) keys.delete(nameOf(principal, key))
      }),
    leave: (principal, key) =>
      write(() => {
        const row = keys.get(nameOf(principal, key))
        if (row?.owner === bridgeId && row.outcome === undefined) row.owner = ''
      }),
  }
}
