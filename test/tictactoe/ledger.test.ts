import { describe, expect, test } from 'vitest'
import type { Chain, LedgerEvent } from '../../src/chain/chain.ts'
import { LedgerUnreachableError } from '../../src/chain/errors.ts'
import type { HeldMessage } from '../../src/chain/snapshots.ts'
import type { JsonObject } from '../../src/core/json.ts'
import { silentLog } from '../../src/core/log.ts'
import { StorageUnavailableError } from '../../src/db/errors.ts'
import { workchain } from '../../src/dialect/workchain.ts'
import type { Message } from '../../src/fiber/messages.ts'
import type { FoundIntent, IntentHistory, SignedCount } from '../../src/intent/intent-history.ts'
import { addressFromId } from '../../src/signing/address.ts'
import { systemClock } from '../../src/system.ts'
import { machineIdOf, oracleIdOf } from '../../src/tictactoe/ids.ts'
import { createLedgerView } from '../../src/tictactoe/ledger.ts'

const gameId = '00000000-0000-4000-8000-000000000001'
const oracleId = oracleIdOf(gameId)
const machineId = machineIdOf(gameId, 0)
const idOfX = 'a1'.repeat(64)
const hashOf = (ordinal: number) => String(ordinal).padStart(64, '0')
const signal = new AbortController().signal

const event = (fiberId: string, eventName = 'make_move'): Message => ({
  type: 'TransitionStateMachine',
  fiberId,
  eventName,
  payload: {},
  targetSequenceNumber: null,
  idempotencyKey: null,
})

type World = {
  /** The game's first and last snapshot, the newest of the ledger, and the oldest that it still shows. */
  readonly created: number
  readonly touched: number
  readonly newest: number
  readonly oldest?: number
  /** Those from here on are not shown yet. */
  readonly hidden?: number
  readonly events?: readonly LedgerEvent[]
  /** By ordinal: what the snapshot holds. */
  readonly messages?: Readonly<Record<number, readonly Message[]>>
  /** How the read of a snapshot ends, where it is not an answer. */
  readonly failing?: (ordinal: number) => Promise<never> | undefined
  readonly history?: Partial<IntentHistory>
  readonly machines?: Readonly<Record<string, JsonObject>>
  readonly deadlineMs?: number
}

/** A ledger with one game, and a view of it; it notes which snapshots are read. */
function viewOf(world: World) {
  const { created, touched, newest, oldest = 0, events = [], messages = {}, failing } = world
  const read: number[] = []
  const common = { owners: [], status: 'Active', creationOrdinal: created, latestUpdateOrdinal: touched } as const
  const machineData = { gameId, oracleFiberId: oracleId, playerX: 'DAGx', playerO: 'DAGo', roundCount: 0 }
  const oracleData = { gameId, status: 'NotInitialized', board: Array(9).fill(null), currentTurn: 'X', moveCount: 0 }
  const machineOf = (fiberId: string, stateData: JsonObject) => ({
    ...common,
    fiberId,
    currentState: 'setup',
    stateData,
    sequenceNumber: 0,
    lastEvent: null,
    definition: null,
  })
  const chain: Pick<Chain, 'dialect' | 'readMachine' | 'readScript' | 'readEvents' | 'readOrdinal' | 'readSnapshot'> = {
    dialect: workchain,
    readMachine: async (fiberId) => {
      const data = fiberId === machineId ? machineData : world.machines?.[fiberId]
      return data ? machineOf(fiberId, data) : null
    },
    readScript: async (fiberId) =>
      fiberId === oracleId
        ? {
            ...common,
            fiberId,
            stateData: { ...oracleData, moveHistory: [] },
            sequenceNumber: 0,
            lastInvocation: null,
            scriptProgram: null,
          }
        : null,
    readEvents: async (fiberId) => (fiberId === machineId ? events : []),
    readOrdinal: async () => newest,
    async readSnapshot(name) {
      const ordinal = typeof name === 'number' ? name : -1
      read.push(ordinal)
      await failing?.(ordinal)
      if (ordinal < oldest || ordinal > newest || ordinal >= (world.hidden ?? Number.POSITIVE_INFINITY)) return null
      const held = (messages[ordinal] ?? []).map(
        (message): HeldMessage => ({
          ordinal,
          hash: hashOf(ordinal),
          value: {},
          proofs: [{ id: idOfX, signature: '30' }],
          message,
          gasUsed: null,
          success: null,
        }),
      )
      return { ordinal, lastSnapshotHash: hashOf(1_000_000 + ordinal - 1), epochProgress: 0, messages: held }
    },
  }
  const history: IntentHistory = {
    rejected: async () => [],
    withHash: async () => undefined,
    signedSince: async () => [],
    ...world.history,
  }
  const view = createLedgerView({
    chain: chain as Chain, // what else a chain does, nobody asks for
    intents: { markOf: async () => undefined },
    history,
    isShared: false,
    playerX: { address: addressFromId(idOfX) },
    playerO: { address: 'DAGo' },
    clock: systemClock,
    deadlineMs: world.deadlineMs ?? 5_000,
    log: silentLog,
  })
  return { view, read }
}

const moveAt = (ordinal: number, success = true): LedgerEvent => ({
  eventName: 'make_move',
  payload: {},
  hash: hashOf(ordinal),
  ordinal,
  success,
})

describe('the messages of a game', () => {
  const messages = {
    10: [event(machineId, 'start_game')],
    12: [event(machineId), event('another')],
    15: [event(machineId)],
  }

  test('are complete when every snapshot from its first to its last one was read, and no other is', async () => {
    const { view, read } = viewOf({ created: 10, touched: 15, newest: 900, messages, events: [moveAt(12, false)] })
    const told = await view.messagesOf(gameId, signal)
    expect(told).toMatchObject({ gameId, nulls: 'keep', complete: true })
    expect(told.messages.map(({ ordinal, success }) => [ordinal, success])).toEqual([
      [10, null],
      [12, false],
      [15, null],
    ])
    expect(told.messages[0]).toMatchObject({ fiberId: machineId, gameId, signers: [addressFromId(idOfX)] })
    expect(read.toSorted((one, other) => one - other)).toEqual([10, 11, 12, 13, 14, 15])
    expect(read.slice(0, 3)).toEqual([15, 12, 10]) // those that are known to hold something come first
  })

  test('are not where the ledger does not show the older snapshots any more', async () => {
    const { view } = viewOf({ created: 10, touched: 15, newest: 900, oldest: 12, messages })
    const told = await view.messagesOf(machineId, signal)
    expect(told.complete).toBe(false)
    expect(told.messages.map(({ ordinal }) => ordinal)).toEqual([12, 15])
  })

  test('are looked for in at most 2,000 snapshots, those first that are known to hold one', async () => {
    const old = { ...messages, 20: [event(machineId)] }
    const { view, read } = viewOf({ created: 10, touched: 9_000, newest: 9_000, messages: old, events: [moveAt(20)] })
    const told = await view.messagesOf(gameId, signal)
    expect(told.complete).toBe(false)
    expect(told.messages.map(({ ordinal }) => ordinal)).toEqual([10, 20])
    expect(read).toHaveLength(2_000)
  })

  test('are not searched for further back than snapshots are shown', async () => {
    const { view, read } = viewOf({ created: 10, touched: 9_000, newest: 9_000, oldest: 8_950 })
    expect((await view.messagesOf(gameId, signal)).complete).toBe(false)
    expect(read.length).toBeLessThan(100)
  })

  test('are the newest 1,000 of more', async () => {
    const many = {
      10: Array.from({ length: 600 }, () => event(machineId)),
      11: Array.from({ length: 600 }, () => event(machineId)),
    }
    const { view } = viewOf({ created: 10, touched: 11, newest: 11, messages: many })
    const told = await view.messagesOf(gameId, signal)
    expect([told.messages.length, told.messages[0]?.ordinal, told.complete]).toEqual([1_000, 10, false])
  })

  test('are those found until time is up', async () => {
    const hang = (ordinal: number) => {
      if (ordinal !== 12) return undefined
      return new Promise<never>((_, reject) =>
        setTimeout(reject, 150, new LedgerUnreachableError('l0', { reason: 'no_answer' })),
      )
    }
    const { view } = viewOf({ created: 10, touched: 15, newest: 15, messages, failing: hang, deadlineMs: 50 })
    const told = await view.messagesOf(gameId, signal)
    expect(told.complete).toBe(false)
    expect(told.messages.map(({ ordinal }) => ordinal)).toEqual([10, 15])
  })

  test('are refused where a snapshot cannot be read in time', async () => {
    const fail = async () => {
      throw new LedgerUnreachableError('l0', { reason: 'bad_shape' })
    }
    const { view } = viewOf({ created: 10, touched: 15, newest: 15, failing: fail })
    await expect(view.messagesOf(gameId, signal)).rejects.toHaveProperty('code', 'LEDGER_UNREACHABLE')
    await expect(view.messagesOf(crypto.randomUUID(), signal)).rejects.toHaveProperty('code', 'GAME_NOT_FOUND')
  })
})

describe('a page of snapshots', () => {
  test('ends where they are not shown any more', async () => {
    const { view } = viewOf({ created: 1, touched: 1, newest: 20, oldest: 15 })
    const page = await view.snapshots({ limit: 4 }, signal)
    expect([page.snapshots.map(({ ordinal }) => ordinal), page.next]).toEqual([[20, 19, 18, 17], 17])
    const last = await view.snapshots({ limit: 4, before: 17 }, signal)
    expect([last.snapshots.map(({ ordinal }) => ordinal), last.next]).toEqual([[16, 15], null])
    expect((await view.snapshots({ limit: 4, before: 5 }, signal)).snapshots).toEqual([])
  })

  test('may begin below the newest ordinal: a node that lags behind does not show it yet', async () => {
    const { view } = viewOf({ created: 1, touched: 1, newest: 20, hidden: 19 })
    const page = await view.snapshots({ limit: 3 }, signal)
    expect([page.snapshots.map(({ ordinal }) => ordinal), page.next]).toEqual([[18], 18])
  })
})

describe('a snapshot', () => {
  test('tells the game of each message that is for one of ours', async () => {
    const other = '00000000-0000-4000-8000-000000000002'
    const forger = '00000000-0000-4000-8000-000000000003'
    const messages = { 5: [event(machineId), event(machineIdOf(other, 3)), event(forger), event('nowhere')] }
    const machines = {
      [machineIdOf(other, 3)]: { gameId: other, roundCount: 7 },
      [forger]: { gameId, roundCount: 1e308 },
    }
    const { view } = viewOf({ created: 1, touched: 5, newest: 5, messages, machines })
    const shown = await view.snapshot(5, signal)
    expect(shown?.messages.map((message) => message.gameId)).toEqual([gameId, other, null, null])
    expect(await view.snapshot('latest', signal)).toEqual(shown)
    expect(await view.snapshot(6, signal)).toBeUndefined()
  })
})

describe('a search', () => {
  const world = { created: 1, touched: 5, newest: 800, messages: { 790: [event(machineId)], 100: [event(machineId)] } }
  const own = (found: FoundIntent | undefined) => ({ ...world, history: { withHash: async () => found } })

  test('finds a message in the newest 500 snapshots, and no older one', async () => {
    const { view, read } = viewOf(world)
    expect(await view.search(hashOf(790), signal)).toEqual({
      found: [{ kind: 'message', gameId, hash: hashOf(790), ordinal: 790 }],
      searched: { from: 790, to: 800 },
    })
    read.length = 0
    expect(await view.search(hashOf(100), signal)).toEqual({ found: [], searched: { from: 301, to: 800 } })
    expect(read.length).toBeLessThan(520)
  })

  test('finds a snapshot by what the next one says of it', async () => {
    const { view } = viewOf(world)
    const hash = hashOf(1_000_700)
    expect((await view.search(hash, signal)).found).toEqual([{ kind: 'snapshot', hash, ordinal: 700 }])
  })

  test('finds a message of this service without its snapshot', async () => {
    const hash = hashOf(100)
    const { view } = viewOf(own({ gameId, fiberId: machineId, state: 'rejected' }))
    expect((await view.search(hash, signal)).found).toEqual([{ kind: 'message', gameId, hash }])
    const listed = viewOf({ ...own({ gameId, fiberId: machineId, state: 'confirmed' }), events: [moveAt(100)] })
    expect(await listed.view.search(hash, signal)).toEqual({
      found: [{ kind: 'message', gameId, hash, ordinal: 100 }],
      searched: { from: 100, to: 100 },
    })
  })

  test('goes on without the database', async () => {
    const away = async () => {
      throw new StorageUnavailableError(new Error('away'))
    }
    const { view } = viewOf({ ...world, history: { withHash: away } })
    expect((await view.search(hashOf(790), signal)).found).toHaveLength(1)
  })

  test('of an id finds games alone', async () => {
    const { view } = viewOf(world)
    for (const id of [gameId, oracleId, machineId])
      expect(await view.search(id, signal)).toEqual({
        found: [{ kind: 'game', gameId }],
        searched: { from: 0, to: 800 },
      })
    expect((await view.search(crypto.randomUUID(), signal)).found).toEqual([])
  })
})

describe('what is written down', () => {
  const world = { created: 1, touched: 1, newest: 1 }

  test('is told as rejections, also where no reason of ours was kept', async () => {
    const row = { gameId, slot: 's', traceId: 't', hash: 'h', atMs: 0 }
    const reason = { code: 'INVALID_MOVE', message: 'That cell already holds a mark.', hint: null, details: {} }
    const rejected = async () => [
      { ...row, reason },
      { ...row, reason: {} },
    ]
    const { rejections } = await viewOf({ ...world, history: { rejected } }).view.rejections(10)
    expect(rejections).toEqual([
      {
        gameId,
        slot: 's',
        traceId: 't',
        hash: 'h',
        at: '1970-01-01T00:00:00.000Z',
        code: reason.code,
        message: reason.message,
      },
      expect.objectContaining({ code: 'LEDGER_REFUSED' }),
    ])
  })

  test('is counted by wallet and day, once for all who ask at the same time', async () => {
    let counts = 0
    const signedSince = async (): Promise<readonly SignedCount[]> => {
      counts += 1
      return [
        { day: '2026-01-02', id: idOfX, count: 3 },
        { day: '2026-01-02', id: 'b2'.repeat(64), count: 5 },
        { day: '2026-01-01', id: 'no key', count: 2 },
      ]
    }
    const { view } = viewOf({ ...world, history: { signedSince } })
    const told = await Promise.all([view.usage(30, signal), view.usage(30, signal)])
    for (const { days } of told) expect(days).toEqual([{ day: '2026-01-02', playerX: 3, playerO: 0 }])
    expect(counts).toBe(1)
  })

  test('is counted anew after a failure, and not waited for past the deadline', async () => {
    let fails = true
    const failing = async () => {
      if (fails) throw new StorageUnavailableError(new Error('away'))
      return []
    }
    const { view } = viewOf({ ...world, history: { signedSince: failing } })
    await expect(view.usage(1, signal)).rejects.toHaveProperty('code', 'STORAGE_UNAVAILABLE')
    fails = false
    expect(await view.usage(1, signal)).toEqual({ days: [] })
    const slow = viewOf({ ...world, history: { signedSince: () => new Promise(() => undefined) }, deadlineMs: 20 })
    await expect(slow.view.usage(1, signal)).rejects.toHaveProperty('code', 'DEADLINE_EXCEEDED')
  })
})
