import type { Logger } from 'pino'
import type { Config } from '../../src/config.ts'
import { openSqlite } from '../../src/db/open-sqlite.ts'
import { noLocks } from '../../src/intent/game-locks.ts'
import type { IntentLog, KeyStore, LoggedIntent, Mark } from '../../src/intent/intent.ts'
import * as ours from '../../src/open-records.ts'
import { randomId } from '../../src/system.ts'

export const { crashAt, openDatabase } = ours

/** As src/open-records.ts, but nothing is written down: what is left is what writing down costs. */
export async function openRecords(_config: Config, log: Logger): Promise<ours.Records> {
  const database = await openSqlite({ path: ':memory:', log }) // for the probe of health alone
  return {
    database,
    bridgeId: randomId(),
    intents: createMemoryIntents(),
    keys: createMemoryKeys(),
    locks: noLocks,
    isShared: false,
    close: () => database.close(),
  }
}

type Entry = { intent: LoggedIntent; mark: Mark | undefined }

/** By id, and the newest of each game: one bridge has one open intent a game. A bench has few games. */
function createMemoryIntents(): IntentLog {
  const byId = new Map<string, Entry>()
  const newest = new Map<string, Entry>()
  const openSlots = new Set<string>()
  const change = (id: string, members: Partial<LoggedIntent>): void => {
    const entry = byId.get(id)
    if (entry) entry.intent = { ...entry.intent, ...members }
  }
  const ofOpen = () => [...byId.values()].map(({ intent }) => intent).filter(isOpen)

  return {
    async prepare(intent) {
      if (openSlots.has(intent.slot)) return false
      const nowMs = Date.now()
      const times = { sends: 1, lastSentMs: nowMs, createdMs: nowMs }
      const logged = { ...intent, ...times, state: 'submitting', isDelivered: false, reason: undefined } as const
      const entry = { intent: logged, mark: undefined }
      openSlots.add(intent.slot)
      byId.set(intent.id, entry)
      newest.set(intent.gameId, entry)
      return true
    },
    async sending(id) {
      change(id, { sends: (byId.get(id)?.intent.sends ?? 0) + 1, lastSentMs: Date.now() })
    },
    accepted: (id) => change(id, { state: 'accepted' }),
    async settle(id, settlement) {
      const entry = byId.get(id)
      if (!entry) return
      openSlots.delete(entry.intent.slot)
      entry.intent = { ...entry.intent, state: settlement.state }
      if (settlement.state === 'confirmed') entry.mark = settlement.mark
    },
    delivered: (id) => change(id, { isDelivered: true }),
    async owedIn(gameId) {
      const intent = newest.get(gameId)?.intent
      return intent && (isOpen(intent) || (intent.state === 'confirmed' && !intent.isDelivered)) ? [intent] : []
    },
    underKey: async (principal, requestKey) =>
      [...byId.values()]
        .map(({ intent }) => intent)
        .findLast((intent) => intent.principal === principal && intent.requestKey === requestKey),
    markOf: async (gameId) => newest.get(gameId)?.mark,
    adoptOpen: async (limit) => ofOpen().slice(0, limit),
    async countOpen() {
      const open = ofOpen()
      return { open: open.length, oldestMs: open[0]?.createdMs }
    },
    async prune() {},
  }
}

const isOpen = ({ state }: LoggedIntent): boolean => state === 'submitting' || state === 'accepted'

function createMemoryKeys(): KeyStore {
  const answers = new Map<string, { fingerprint: string; outcome: Parameters<KeyStore['settle']>[2] | undefined }>()
  const placeOf = (principal: string, key: string) => JSON.stringify([principal, key])
  return {
    async claim(principal, key, fingerprint) {
      const known = answers.get(placeOf(principal, key))
      if (known === undefined) {
        answers.set(placeOf(principal, key), { fingerprint, outcome: undefined })
        return { kind: 'ours', isTakenOver: false }
      }
      if (known.fingerprint !== fingerprint) return { kind: 'other' }
      return known.outcome ? { kind: 'final', outcome: known.outcome } : { kind: 'ours', isTakenOver: true }
    },
    async settle(principal, key, outcome) {
      const known = answers.get(placeOf(principal, key))
      if (known) known.outcome = outcome
    },
    async release(principal, key) {
      answers.delete(placeOf(principal, key))
    },
    async leave() {}, // one process: whoever comes next goes on
  }
}
