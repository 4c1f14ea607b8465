import { z } from 'zod'
import type { Clock } from '../core/clock.ts'
import { orAborted } from '../core/deadline.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonArray, isJsonObject } from '../core/json.ts'
import { createTurns } from '../core/turns.ts'
import type { Dialect } from '../dialect/dialect.ts'
import { RecordUnreadableError } from '../dialect/errors.ts'
import type { Message } from '../fiber/messages.ts'
import type { Signer } from '../signing/signed.ts'
import { signValue } from '../signing/signer.ts'
import type { FiberKind } from './_fiber-routes.ts'
import { createFiberRoutes, fiberPath } from './_fiber-routes.ts'
import { createScriptList } from './_list.ts'
import type { Read } from './_read.ts'
import { createRead, jsonOf, parseAnswer } from './_read.ts'
import { createSharing } from './_share.ts'
import { createSnapshotReader } from './_snapshot-reader.ts'
import type { Chain, LedgerEvent, ReadOptions, SignedMessage } from './chain.ts'
import { deliver } from './delivery.ts'
import { LedgerUnreachableError } from './errors.ts'
import { updateHash } from './snapshots.ts'
import type { Transport } from './transport.ts'

export type CreateChainOptions = {
  readonly transport: Transport
  readonly dialect: Dialect
  readonly clock: Clock
  /** Numbers in [0, 1), for the spread of waits. */
  readonly random: () => number
  /** Bound of one request of a read, however many nodes it asks. */
  readonly readTimeoutMs: number
}

/** Each then reads and judges a game: some 5 ms of work in all. */
const wokenPerTurn = 8

/** @see Constellation node, GET /node/info */
const NodeInfo = z.object({ state: z.string() })

/** @see Constellation node, GET /snapshots/latest/ordinal */
const LatestOrdinal = z.object({ value: z.int().nonnegative() })

/** What the embedded devnet's route of events adds to a real node's, which knows no hashes. */
const EventEntry: z.ZodType<LedgerEvent> = z.object({
  eventName: z.string(),
  payload: z.custom<JsonObject>((value) => isJsonObject(value as JsonValue)), // it comes out of parsed JSON
  hash: z.string(),
  ordinal: z.int().nonnegative(),
  success: z.boolean(),
})

/** A chain over a transport. Closing it closes the transport. */
export function createChain({ transport, dialect, clock, random, readTimeoutMs }: CreateChainOptions): Chain {
  const read = createRead(transport, clock, readTimeoutMs)
  const readFiber = createSharedRead(dialect, read)
  const readOrdinal = async (options: ReadOptions) =>
    parseAnswer('l0', await read('l0', '/snapshots/latest/ordinal', options), LatestOrdinal).value
  const parts = {
    transport,
    clock,
    random,
    turns: createTurns(wokenPerTurn),
    readOrdinal,
    readRefusal: refusalReader(read),
  }

  return {
    dialect,
    sign: (message, signers) => sign(dialect, message, signers),
    async readMachine(fiberId, options) {
      const record = await readFiber('machine', fiberId, options)
      return record === undefined ? null : viewOf(dialect.readMachine, record)
    },
    async readScript(fiberId, options) {
      const record = await readFiber('script', fiberId, options)
      return record === undefined ? null : viewOf(dialect.readScript, record)
    },
    listScripts: createScriptList(dialect, read),
    async readEvents(machineId, options) {
      const answer = await read('l0', `${fiberPath(dialect, 'machine', machineId)}/events`, options)
      return answer.status === 404 ? [] : toEvents(jsonOf('l0', answer))
    },
    readOrdinal,
    readSnapshot: createSnapshotReader(dialect, read, transport),
    async pingL1(options) {
      const { state } = parseAnswer('l1', await read('l1', '/node/info', options), NodeInfo)
      if (state !== 'Ready') throw new LedgerUnreachableError('l1', { reason: 'not_ready', state: state.slice(0, 40) })
    },
    deliver: (signed, options) => deliver(parts, signed, options),
    close: () => transport.close(),
  }
}

/**
 * The complete value goes out in both null regimes; only the text that is hashed differs.
 * @see metakit: a node decodes the value, encodes it again and hashes that
 */
async function sign(dialect: Dialect, message: Message, signers: readonly Signer[]): Promise<SignedMessage> {
  const value = dialect.encode(message)
  const hash = updateHash(value, dialect)
  return { message, hash, envelope: await signValue(value, hash, signers) }
}

/** @throws LedgerUnreachableError for JSON that is no record of this dialect: whatever answered is no L0 of ours */
function viewOf<T>(read: (json: JsonValue) => T, record: JsonValue): T {
  try {
    return read(record)
  } catch (cause) {
    if (cause instanceof RecordUnreadableError)
      throw new LedgerUnreachableError('l0', { reason: 'bad_shape' }, { cause })
    throw cause
  }
}

/** Reads of the same fiber at the same time are one request; a caller who gives up leaves it to the others. */
function createSharedRead(dialect: Dialect, read: Read) {
  const readFiber = createFiberRoutes(dialect, read)
  const share = createSharing<JsonValue | undefined>()
  const lasting = new AbortController().signal // never fires: the reading time alone ends a shared request
  return async (kind: FiberKind, fiberId: string, { signal }: ReadOptions): Promise<JsonValue | undefined> => {
    const shared = share(`${kind}/${fiberId}`, () => readFiber(kind, fiberId, { signal: lasting }))
    try {
      return await orAborted(shared, signal)
    } catch (cause) {
      throw signal.aborted ? new LedgerUnreachableError('l0', { reason: 'no_answer' }, { cause }) : cause
    }
  }
}

/** @see Constellation metagraph L0, GET /transactions/{hash}/errors: null until a block with it was refused */
const refusalReader =
  (read: Read) =>
  async (hash: string, options: ReadOptions): Promise<string | undefined> => {
    const { status, json } = await read('l0', `/transactions/${hash}/errors`, options)
    return status === 200 && json !== undefined && json !== null ? JSON.stringify(json) : undefined
  }

function toEvents(json: JsonValue): readonly LedgerEvent[] {
  if (!isJsonArray(json)) return []
  return json.flatMap((entry) => EventEntry.safeParse(entry).data ?? [])
}
