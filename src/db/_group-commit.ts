import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Transaction } from 'kysely'
import { sql } from 'kysely'
import { findCause } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import type { Turns } from '../core/turns.ts'
import { createTurns } from '../core/turns.ts'
import type { Database, Write } from './database.ts'
import { StorageUnavailableError } from './errors.ts'
import type { Schema } from './schema.ts'

/** Runs statements in one transaction that is on the disk when it resolves. */
export type Transact = <T>(write: Write<T>) => Promise<T>

/** Writes that share commits. */
export type GroupCommit = Pick<Database, 'write' | 'later'> & {
  /** Writes what waits; takes nothing more. */
  close(): Promise<void>
}

export type GroupCommitDeps = {
  readonly transact: Transact
  readonly log: Log
  /** How long what may be lost waits at most for a commit to go with. */
  readonly laterMs: number
}

type Task = {
  readonly write: Write<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/** How many whose writes are stored go on in one turn of the event loop. */
const toldPerTurn = 8

/** Past this many waiting, a write is refused: the disk does not keep up. */
export const maxWaiting = 1_000

/**
 * One transaction at a time. What comes while one is under way shares the next: one sync for all of them, in the order
 * of their coming. A write that throws is taken out of its group, the others are stored.
 */
export function createGroupCommit({ transact, log, laterMs }: GroupCommitDeps): GroupCommit {
  const turns = createTurns(toldPerTurn)
  let waiting: Task[] = []
  let running: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  const start = (): void => {
    clearTimeout(timer)
    timer = undefined
    running ??= run()
  }

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      await nextTurn() // a commit blocks this thread: whoever else was woken in this turn may come along
      const group = waiting
      waiting = []
      await commit(group, transact, turns)
    }
    running = undefined // in the same turn as the look at `waiting`, so that none is left lying
  }

  const later = (write: Write<unknown>): void => {
    if (isClosed || waiting.length >= maxWaiting) log.warn({}, 'a note that may be lost was lost')
    else waiting.push({ write, resolve: () => {}, reject: (error) => onLost(write, error) })
    if (running === undefined) timer ??= setTimeout(start, laterMs).unref()
  }

  const onLost = (write: Write<unknown>, error: unknown): void => {
    if (findCause(error, StorageUnavailableError) === undefined) log.error({ err: error }, 'a note was not stored')
    else if (isClosed) log.warn({ err: error }, 'a note that may be lost was lost')
    else setTimeout(() => later(write), laterMs).unref()
  }

  return {
    write: <T>(write: Write<T>) =>
      new Promise<T>((resolve, reject) => {
        if (isClosed) return reject(new StorageUnavailableError(new Error('The database is closed.')))
        if (waiting.length >= maxWaiting) return reject(new StorageUnavailableError(new Error('Too many writes wait.')))
        // A task's value is what its own write gave.
        waiting.push({ write, resolve: (value) => resolve(value as T), reject })
        start()
      }),
    later,
    async close() {
      isClosed = true
      if (waiting.length > 0) start()
      await running
    },
  }
}

async function commit(group: readonly Task[], transact: Transact, turns: Turns): Promise<void> {
  try {
    const values = await transact(async (transaction) => {
      const each: unknown[] = []
      for (const { write } of group) each.push(await write(transaction))
      return each
    })
    for (const [index, { resolve }] of group.entries()) {
      await turns.take() // whoever waited goes on to sign or to answer: not all in one turn
      resolve(values[index])
    }
  } catch (error) {
    if (group.length === 1 || findCause(error, StorageUnavailableError)) for (const { reject } of group) reject(error)
    else await commitApart(group, transact, turns)
  }
}

/** Each behind a savepoint of its own, so that only those that throw are left out. */
async function commitApart(group: readonly Task[], transact: Transact, turns: Turns): Promise<void> {
  try {
    const settle = await transact(async (transaction) => {
      const each: (() => void)[] = []
      for (const task of group) each.push(await attempt(task, transaction))
      return each
    })
    for (const done of settle) {
      await turns.take()
      done()
    }
  } catch (error) {
    for (const { reject } of group) reject(error)
  }
}

/** Runs one write. @returns what tells its caller, once the group is stored */
async function attempt({ write, resolve, reject }: Task, transaction: Transaction<Schema>): Promise<() => void> {
  await sql`savepoint one`.execute(transaction)
  try {
    const value = await write(transaction)
    await sql`release savepoint one`.execute(transaction)
    return () => resolve(value)
  } catch (error) {
    if (findCause(error, StorageUnavailableError)) throw error // the whole transaction is gone
    await sql`rollback to savepoint one`.execute(transaction)
    await sql`release savepoint one`.execute(transaction)
    return () => reject(error)
  }
}
