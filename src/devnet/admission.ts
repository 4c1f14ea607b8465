import { BaseError } from '../core/errors.ts'
import type { JsonValue } from '../core/json.ts'
import type { Dialect } from '../dialect/dialect.ts'
import type { Engine } from '../fiber/engine.ts'
import type { Proof } from '../signing/signed.ts'
import type { Verifier } from '../signing/verify.ts'
import { verifySigned } from '../signing/verify.ts'
import { badSignature, invalid, noSnapshot, queueFull, undecodable, unwritable } from './answers.ts'
import { parseEnvelope } from './envelope.ts'
import { eventKeyOf, keyUsed } from './event-keys.ts'
import type { Ledger } from './ledger.ts'
import type { Node } from './node.ts'
import type { Published } from './published.ts'
import type { Queue } from './queue.ts'
import type { Answer } from './router.ts'
import { json } from './router.ts'
import type { SnapshotLoop } from './snapshot-loop.ts'
import type { Store } from './store.ts'
import type { DecodedUpdate, Update } from './update.ts'
import { decodeUpdate, proofSet, withAddresses } from './update.ts'

export type AdmissionDeps = {
  readonly dialect: Dialect
  readonly engine: Engine
  readonly verifier: Verifier
  readonly ledger: Ledger
  readonly published: Published
  readonly queue: Queue
  readonly loop: Pick<SnapshotLoop, 'wake'>
  readonly store: Pick<Store, 'isFailing'>
  readonly node: Pick<Node, 'state'>
  /** Tell repeated events by their key? */
  readonly dedupe: boolean
}

const maxVerifying = 1_000

/**
 * `POST /data`: decode, validate against what is published, verify every proof, queue, in this order.
 * 200 says queued, and nothing about what will come of it.
 * @see Constellation Data L1, POST /data
 */
export function createAdmission(deps: AdmissionDeps): (readBody: () => JsonValue) => Promise<Answer> {
  const { dialect, engine, verifier, published } = deps
  let verifying = 0

  async function verify(hash: string, proofs: readonly Proof[]): Promise<boolean> {
    verifying += 1
    try {
      return await verifySigned(hash, proofs, verifier)
    } finally {
      verifying -= 1
    }
  }

  return async (readBody) => {
    const closed = closedFor(deps, verifying)
    if (closed !== undefined) return closed
    const decoded = decodePosted(dialect, readBody)
    if (typeof decoded === 'string') return undecodable(decoded)
    const problems = engine.validate(published.l1.fibers, decoded.message)
    if (problems.length > 0) return invalid(problems)
    if (!(await verify(decoded.hash, decoded.proofs))) return badSignature
    // The world went on meanwhile.
    return closedFor(deps, 0) ?? enqueue(deps, { ...decoded, proofs: withAddresses(decoded.proofs) })
  }
}

/** Why nothing is taken right now, whatever it is. */
function closedFor({ node, store, queue }: AdmissionDeps, verifying: number): Answer | undefined {
  if (node.state !== 'Ready') return noSnapshot
  if (store.isFailing()) return unwritable
  return queue.isFull() || verifying >= maxVerifying ? queueFull : undefined
}

/** The posted message with its proofs as a set, or what is wrong with its form. */
function decodePosted(
  dialect: Dialect,
  readBody: () => JsonValue,
): (DecodedUpdate & { proofs: readonly Proof[] }) | string {
  return orFault(() => {
    const { value, proofs } = parseEnvelope(readBody())
    return { ...decodeUpdate(dialect, value), proofs: proofSet(proofs) }
  })
}

/** What the work gives, or in words what is wrong with the input; other errors are bugs and go on. */
export function orFault<T>(work: () => T): T | string {
  try {
    return work()
  } catch (error) {
    if (error instanceof BaseError && error.kind === 'invalid') return error.message
    throw error
  }
}

function enqueue({ queue, ledger, loop, dedupe }: AdmissionDeps, update: Update): Answer {
  const key = dedupe ? eventKeyOf(update.message) : undefined
  const queued = key === undefined ? [] : queue.underKey(key)
  const user = queued[0]?.hash ?? (key === undefined ? undefined : ledger.keyUser(key))
  if (user !== undefined && user !== update.hash) return invalid([keyUsed(update.message)])
  // Under other proofs it is another attempt, which may be let in where the first is not. Only one of them will run.
  const isDuplicate = user !== undefined && (queued.length === 0 || queued.some((other) => sameProofs(other, update)))
  if (isDuplicate) return json({ hash: update.hash, feeHash: null, duplicate: true })
  if (!queue.add(update)) return queueFull
  loop.wake()
  return json({ hash: update.hash, feeHash: null })
}

const sameProofs = (left: Update, right: Update): boolean =>
  left.proofs.length === right.proofs.length &&
  left.proofs.every(({ id, signature }, at) => id === right.proofs[at]?.id && signature === right.proofs[at]?.signature)
