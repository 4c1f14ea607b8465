import { z } from 'zod'
import { createHttpTransport } from '../chain/http-transport.ts'
import type { NodeAnswer, Transport } from '../chain/transport.ts'
import { BaseError } from '../core/errors.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonArray, isJsonObject, member } from '../core/json.ts'
import type { Dialect } from '../dialect/dialect.ts'
import { MessageUndecodableError } from '../dialect/errors.ts'
import type { Message } from '../fiber/messages.ts'
import type { Proof } from '../signing/signed.ts'
import { systemClock } from '../system.ts'

/** A metagraph L0 that does not answer as one. */
export class LedgerAnswerError extends BaseError {
  override readonly code = 'LEDGER_ANSWER'
  override readonly kind = 'unavailable'
  constructor(fact: string, cause?: unknown) {
    super(fact, { cause, hint: 'otto doctor says what answers at each address.' })
  }
}

/** A signed message as a snapshot holds it; `message` is undefined where no node would read it. */
export type HeldMessage = {
  readonly ordinal: number
  readonly value: JsonValue
  readonly proofs: readonly Proof[]
  readonly message: Message | undefined
}

/** A snapshot: its messages in order, and what it says of the one before. */
export type HeldSnapshot = {
  readonly ordinal: number
  readonly lastSnapshotHash: string
  readonly epochProgress: number
  readonly messages: readonly HeldMessage[]
  /** The hash of each fiber's state data, by id; undefined where the snapshot does not tell. */
  readonly commits: JsonObject | undefined
}

/** A metagraph L0 as somebody reads it who believes nothing. */
export type LedgerReader = {
  /** The whole calculated state, and the ordinal it is of. @throws LedgerAnswerError */
  readState(): Promise<{ readonly ordinal: number; readonly state: JsonObject }>
  /**
   * The snapshots from `newest` back to `oldest`, oldest first, as far as they are still shown without a gap.
   * @throws LedgerAnswerError for one that cannot be read
   */
  readSnapshots(newest: number, oldest: number): Promise<readonly HeldSnapshot[]>
  /** What the ledger remembers of a machine's events; empty where it keeps none. */
  readEvents(machineId: string): Promise<readonly RememberedEvent[]>
  close(): Promise<void>
}

const Json = z.custom<JsonObject>((value) => isJsonObject(value as JsonValue)) // it comes out of parsed JSON
const Checkpoint = z.object({ ordinal: z.int().nonnegative(), state: Json })
/** @see Constellation metagraph L0, `SnapshotRoutes`: bytes are numbers from -128 to 127 */
const Bytes = z.array(z.int().min(-128).max(127))
const Snapshot = z.object({
  value: z.object({
    ordinal: z.int().nonnegative(),
    lastSnapshotHash: z.string(),
    epochProgress: z.int(),
    dataApplication: z.object({ onChainState: Bytes, blocks: z.array(Bytes) }).nullish(),
  }),
})
const RememberedEvent = z.object({ eventName: z.string(), hash: z.string(), ordinal: z.int(), success: z.boolean() })
type RememberedEvent = z.output<typeof RememberedEvent>

const readTimeoutMs = 60_000
const maxAnswerBytes = 512 * 1024 * 1024 // the state of a large ledger: every record carries its definition
const atOnce = 8

/** @param addresses base URLs of metagraph L0 nodes: the first that answers is asked. @throws NodeAddressInvalidError */
export function createLedgerReader(addresses: readonly string[], dialect: Dialect, signal: AbortSignal): LedgerReader {
  // Only the L0 is asked; a transport wants both.
  const transport = createHttpTransport({ l1: addresses, l0: addresses, clock: systemClock, maxAnswerBytes })
  const get = (path: string) => ask(transport, path, { addresses, signal })

  const readSnapshot = async (ordinal: number): Promise<HeldSnapshot | undefined> => {
    const { status, json } = await get(`/snapshots/${ordinal}`)
    if (status === 404) return undefined
    const found = Snapshot.safeParse(status === 200 ? json : undefined).data?.value
    if (found?.ordinal !== ordinal)
      throw new LedgerAnswerError(`/snapshots/${ordinal} answers ${status}, and not with that snapshot.`)
    return toHeld(found, dialect)
  }

  return {
    async readState() {
      const { status, json } = await get(`${dialect.prefix}/checkpoint`)
      const checkpoint = Checkpoint.safeParse(status === 200 ? json : undefined).data
      if (checkpoint !== undefined) return checkpoint
      throw new LedgerAnswerError(
        `${dialect.prefix}/checkpoint answers ${status}: no metagraph L0 of the dialect ${dialect.name}.`,
      )
    },
    async readSnapshots(newest, oldest) {
      const found: HeldSnapshot[] = []
      for (let top = newest; top >= oldest; top -= atOnce) {
        const count = Math.min(atOnce, top - oldest + 1)
        const some = await Promise.all(Array.from({ length: count }, (_, index) => readSnapshot(top - index)))
        const gap = some.indexOf(undefined)
        found.push(...some.slice(0, gap < 0 ? count : gap).flatMap((snapshot) => snapshot ?? []))
        if (gap >= 0) break
      }
      return found.reverse()
    },
    async readEvents(machineId) {
      const { json } = await get(`${dialect.prefix}/${dialect.paths.machines}/${machineId}/events`)
      return isJsonArray(json) ? json.flatMap((entry) => RememberedEvent.safeParse(entry).data ?? []) : []
    },
    close: () => transport.close(),
  }
}

async function ask(
  transport: Transport,
  path: string,
  { addresses, signal }: { readonly addresses: readonly string[]; readonly signal: AbortSignal },
): Promise<NodeAnswer> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(readTimeoutMs)])
  try {
    return await transport.request({ layer: 'l0', method: 'GET', path, signal: limit })
  } catch (cause) {
    signal.throwIfAborted()
    throw new LedgerAnswerError(`No metagraph L0 answers at ${addresses.join(', ')}.`, cause)
  }
}

function toHeld(snapshot: z.output<typeof Snapshot>['value'], dialect: Dialect): HeldSnapshot {
  const { ordinal, lastSnapshotHash, epochProgress, dataApplication } = snapshot
  const texts = (dataApplication?.blocks ?? []).map((bytes) => parseBytes(bytes, ordinal))
  const onChain = dataApplication ? parseBytes(dataApplication.onChainState, ordinal) : null
  return {
    ordinal,
    lastSnapshotHash,
    epochProgress,
    messages: texts.flatMap((json) => messagesIn(json, ordinal, dialect)),
    commits: commitsIn(onChain, dialect),
  }
}

function parseBytes(bytes: readonly number[], ordinal: number): JsonValue {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as JsonValue // what the parser gives is JSON
  } catch (cause) {
    throw new LedgerAnswerError(`Snapshot ${ordinal} holds bytes that are no JSON.`, cause)
  }
}

/** Under either dialect's name. @see Workchain and OttoChain, on-chain state */
function commitsIn(onChain: JsonValue, { name }: Dialect): JsonObject | undefined {
  if (!isJsonObject(onChain)) return undefined
  const commits = member(onChain, name === 'workchain' ? 'latest' : 'fiberCommits')
  if (!isJsonObject(commits)) return undefined
  const hashOf = (commit: JsonValue) => (isJsonObject(commit) ? (member(commit, 'stateDataHash') ?? null) : commit)
  return Object.fromEntries(Object.entries(commits).map(([id, commit]) => [id, hashOf(commit)]))
}

const Proofs = z.array(z.object({ id: z.string(), signature: z.string() }))
const maxDepth = 8

/** The signed messages in a block, in order, however deep its kind of node puts them. */
function messagesIn(json: JsonValue, ordinal: number, dialect: Dialect, depth = 0): readonly HeldMessage[] {
  if (depth > maxDepth || typeof json !== 'object' || json === null) return []
  const inside = (): readonly HeldMessage[] =>
    Object.values(json).flatMap((value: JsonValue) => messagesIn(value, ordinal, dialect, depth + 1))
  if (!isJsonObject(json)) return inside()
  const value = member(json, 'value')
  const proofs = Proofs.safeParse(member(json, 'proofs')).data
  if (value === undefined || proofs === undefined) return inside()
  const message = decoded(value, dialect)
  const deeper = message === undefined ? inside() : []
  // A block is signed as a whole too, by nodes: what it holds are messages, itself is none.
  return deeper.length > 0 ? deeper : [{ ordinal, value, proofs, message }]
}

function decoded(value: JsonValue, dialect: Dialect): Message | undefined {
  try {
    return dialect.decode(value)
  } catch (error) {
    if (error instanceof MessageUndecodableError) return undefined
    throw error
  }
}
