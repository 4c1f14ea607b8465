import { orAborted } from '../core/deadline.ts'
import { createTurns } from '../core/turns.ts'
import type { Dialect } from '../dialect/dialect.ts'
import type { Read } from './_read.ts'
import { jsonOf } from './_read.ts'
import { createSharing } from './_share.ts'
import type { Chain } from './chain.ts'
import { LedgerUnreachableError } from './errors.ts'
import type { HeldSnapshot } from './snapshots.ts'
import { parseSnapshot, toHeldSnapshot } from './snapshots.ts'
import type { LocalSnapshot, Transport } from './transport.ts'

/** What is kept of snapshots that were read: they never change. */
const kept = { snapshots: 2_000, messages: 4_000, characters: 16 * 1024 * 1024 } as const

/** Reads snapshots, each at most once while it is kept; several who want the same one share a read. */
export function createSnapshotReader(
  dialect: Dialect,
  read: Read,
  { findSnapshot }: Pick<Transport, 'findSnapshot'>,
): Chain['readSnapshot'] {
  const cache = createSnapshotCache(kept)
  const share = createSharing<HeldSnapshot | null>()
  const turns = createTurns(8) // hashing a new game's messages takes a millisecond
  const lasting = new AbortController().signal // never fires: the reading time alone ends a shared request

  const keep = (found: LocalSnapshot | undefined): HeldSnapshot | null => {
    const snapshot = found && toHeldSnapshot(found, dialect)
    if (snapshot !== undefined) cache.set(snapshot)
    return snapshot ?? null
  }
  const readNew = async (name: number | string): Promise<HeldSnapshot | null> => {
    await turns.take()
    if (findSnapshot !== undefined) return keep(findSnapshot(name))
    const answer = await read('l0', `/snapshots/${encodeURIComponent(name)}`, { signal: lasting })
    if (answer.status === 404) return null
    const found = parseSnapshot(jsonOf('l0', answer), dialect)
    if (found === undefined || (typeof name === 'number' && found.ordinal !== name))
      throw new LedgerUnreachableError('l0', { reason: 'bad_shape' })
    const { commits: _, ...snapshot } = found // every fiber of the ledger: too much to keep
    cache.set(snapshot)
    return snapshot
  }

  return async (name, { signal }) => {
    const known = typeof name === 'number' ? cache.get(name) : undefined
    if (known !== undefined) return known
    try {
      signal.throwIfAborted()
      return await orAborted(
        share(String(name), () => readNew(name)),
        signal,
      )
    } catch (cause) {
      throw signal.aborted ? new LedgerUnreachableError('l0', { reason: 'no_answer' }, { cause }) : cause
    }
  }
}

type Sized = { readonly snapshot: HeldSnapshot; readonly characters: number }

/** Keeps what was used last, within bounds of its number, its messages, and the length of these as text. */
export function createSnapshotCache(limits: {
  readonly snapshots: number
  readonly messages: number
  readonly characters: number
}) {
  const entries = new Map<number, Sized>() // a Map remembers the order of insertion: the first is the oldest
  let messages = 0
  let characters = 0

  const forget = (ordinal: number): Sized | undefined => {
    const entry = entries.get(ordinal)
    if (entry === undefined) return undefined
    entries.delete(ordinal)
    messages -= entry.snapshot.messages.length
    characters -= entry.characters
    return entry
  }
  const keep = (entry: Sized): void => {
    entries.set(entry.snapshot.ordinal, entry)
    messages += entry.snapshot.messages.length
    characters += entry.characters
  }
  const isFull = () => entries.size > limits.snapshots || messages > limits.messages || characters > limits.characters

  return {
    get(ordinal: number): HeldSnapshot | undefined {
      const entry = forget(ordinal)
      if (entry !== undefined) keep(entry)
      return entry?.snapshot
    },
    set(snapshot: HeldSnapshot): void {
      forget(snapshot.ordinal)
      keep({ snapshot, characters: snapshot.messages.reduce((sum, one) => sum + JSON.stringify(one.value).length, 0) })
      while (isFull()) forget(entries.keys().next().value ?? 0)
    },
    get size() {
      return entries.size
    },
  }
}
