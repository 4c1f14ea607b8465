import { z } from 'zod'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonObject, member } from '../core/json.ts'
import type { Dialect } from '../dialect/dialect.ts'
import { MessageIncompleteError, MessageUndecodableError } from '../dialect/errors.ts'
import type { Message } from '../fiber/messages.ts'
import { canonicalize, dropNulls } from '../signing/canonical.ts'
import { dataUpdateHash } from '../signing/digest.ts'
import { JsonUnsupportedError } from '../signing/errors.ts'
import type { Proof } from '../signing/signed.ts'
import type { LocalSnapshot } from './transport.ts'

/** A signed message as a snapshot holds it. */
export type HeldMessage = {
  readonly ordinal: number
  /** Of what a node makes of it; of the value as it stands where no node would read it. */
  readonly hash: string
  readonly value: JsonValue
  readonly proofs: readonly Proof[]
  /** Undefined where no node would read it. */
  readonly message: Message | undefined
  /** Null where the snapshot does not tell. */
  readonly gasUsed: number | null
  readonly success: boolean | null
}

/** A snapshot: its messages in order, and what it says of the one before. */
export type HeldSnapshot = {
  readonly ordinal: number
  readonly lastSnapshotHash: string
  readonly epochProgress: number
  readonly messages: readonly HeldMessage[]
}

/** The same with the hash of each fiber's state data, by id; undefined where the snapshot does not tell. */
export type WholeSnapshot = HeldSnapshot & { readonly commits: JsonObject | undefined }

/** The hash of a message as a node knows it, from its complete wire value. @see metakit, as `sign` of the chain */
export const updateHash = (value: JsonValue, { nulls }: Pick<Dialect, 'nulls'>): string =>
  dataUpdateHash(canonicalize(nulls === 'drop' ? dropNulls(value) : value))

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

/** Reads what `/snapshots/{ordinal}` answers; undefined for what is no snapshot, or holds bytes that are no JSON. */
export function parseSnapshot(json: JsonValue | undefined, dialect: Dialect): WholeSnapshot | undefined {
  const found = Snapshot.safeParse(json).data?.value
  if (found === undefined) return undefined
  const { ordinal, lastSnapshotHash, epochProgress, dataApplication } = found
  const blocks = (dataApplication?.blocks ?? []).map(parseBytes)
  const onChain = dataApplication ? parseBytes(dataApplication.onChainState) : null
  if (onChain === undefined || blocks.includes(undefined)) return undefined
  const commits = commitsIn(onChain, dialect)
  const held = blocks.flatMap((block) => messagesIn(block ?? null, ordinal, dialect))
  const logs = isJsonObject(onChain) ? member(onChain, 'latestLogs') : undefined
  const messages = withOutcomes(held, {
    receiptsOf: (fiberId) => receiptsIn(logs, fiberId),
    isMade: commits && ((fiberId) => Object.hasOwn(commits, fiberId)),
  })
  return { ordinal, lastSnapshotHash, epochProgress, messages, commits }
}

/** The same of a ledger in this process. A message that was refused is in none of its snapshots. */
export function toHeldSnapshot(
  { ordinal, previous, updates, changes, log }: LocalSnapshot,
  dialect: Dialect,
): HeldSnapshot {
  const changed = new Set(changes.map(({ fiber }) => fiber.fiberId))
  const receipts = Map.groupBy(log.receipts, ({ fiberId }) => fiberId)
  const messages = withOutcomes(
    updates.map(({ value, proofs }) => toHeld(value, proofs, ordinal, readAsNode(value, dialect))),
    {
      receiptsOf: (fiberId) => (receipts.get(fiberId) ?? []).filter(({ sourceFiberId }) => sourceFiberId === null),
      isMade: (fiberId) => changed.has(fiberId),
    },
  )
  return { ordinal, lastSnapshotHash: previous, epochProgress: ordinal, messages }
}

function parseBytes(bytes: readonly number[]): JsonValue | undefined {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as JsonValue // what the parser gives is JSON
  } catch {
    return undefined
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
  const known = readAsNode(value, dialect)
  const deeper = known === undefined ? inside() : []
  // A block is signed as a whole too, by nodes: what it holds are messages, itself is none.
  if (deeper.length > 0) return deeper
  return [toHeld(value, proofs, ordinal, known)]
}

/** @param known undefined where no node reads it */
function toHeld(
  value: JsonValue,
  proofs: readonly Proof[],
  ordinal: number,
  known: ReturnType<typeof readAsNode>,
): HeldMessage {
  const { message, hash } = known ?? { message: undefined, hash: dataUpdateHash(JSON.stringify(value)) }
  return { ordinal, hash, value, proofs, message, gasUsed: null, success: null }
}

/** What a node makes of a value, and the hash under which it knows that; undefined where it reads none. */
function readAsNode(
  value: JsonValue,
  dialect: Dialect,
): { readonly message: Message; readonly hash: string } | undefined {
  try {
    const message = dialect.decode(value)
    return { message, hash: updateHash(dialect.encode(message), dialect) }
  } catch (error) {
    if (unreadable.some((type) => error instanceof type)) return undefined
    throw error
  }
}

const unreadable = [MessageUndecodableError, MessageIncompleteError, JsonUnsupportedError]

/** @see OttoChain `EventReceipt` */
const Receipt = z.object({
  EventReceipt: z.object({
    eventName: z.string(),
    success: z.boolean(),
    gasUsed: z.int().nonnegative(),
    sourceFiberId: z.string().nullish(),
  }),
})
type Receipt = Pick<z.output<typeof Receipt>['EventReceipt'], 'eventName' | 'success' | 'gasUsed'>

/** What a snapshot tells beside its messages. */
type Outcomes = {
  /** Of an event of each message for this fiber, in their order. */
  readonly receiptsOf: (fiberId: string) => readonly Receipt[]
  /** Does a fiber that was to be made stand there? Undefined where nobody tells. */
  readonly isMade: ((fiberId: string) => boolean) | undefined
}

/** Each message with what is told of it: receipts count only where they fit the messages of their fiber one by one. */
function withOutcomes(held: readonly HeldMessage[], { receiptsOf, isMade }: Outcomes): readonly HeldMessage[] {
  const byFiber = Map.groupBy(held, ({ message }) =>
    message?.type === 'TransitionStateMachine' ? message.fiberId : undefined,
  )
  const receipts = new Map<HeldMessage, Receipt>()
  for (const [fiberId, messages] of byFiber) {
    const found = fiberId === undefined ? [] : receiptsOf(fiberId)
    const fits = ({ message }: HeldMessage, index: number) =>
      message?.type === 'TransitionStateMachine' && message.eventName === found[index]?.eventName
    if (found.length === messages.length && messages.every(fits))
      for (const [index, receipt] of found.entries()) receipts.set(messages[index] as HeldMessage, receipt) // as many
  }
  return held.map((one) => {
    const receipt = receipts.get(one)
    if (receipt !== undefined) return { ...one, gasUsed: receipt.gasUsed, success: receipt.success }
    const isCreation = one.message?.type === 'CreateScript' || one.message?.type === 'CreateStateMachine'
    if (!isCreation || one.message === undefined || isMade === undefined) return one
    return { ...one, success: isMade(one.message.fiberId) }
  })
}

/** Receipts of messages alone: what a machine does because another one asked it to is no message. */
function receiptsIn(logs: JsonValue | undefined, fiberId: string): readonly Receipt[] {
  const log = isJsonObject(logs) ? member(logs, fiberId) : undefined
  return (Array.isArray(log) ? log : []).flatMap((entry) => {
    const receipt = Receipt.safeParse(entry).data?.EventReceipt
    return receipt === undefined || receipt.sourceFiberId != null ? [] : [receipt]
  })
}
