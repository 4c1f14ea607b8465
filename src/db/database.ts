import type { Kysely, Transaction } from 'kysely'
import type { Schema } from './schema.ts'

/**
 * Statements inside one transaction, and nothing else: it may be run again, on a database that was rolled back. All of
 * them go through `transaction`; in SQLite a read through `query` would wait for the very transaction that it is in.
 */
export type Write<T> = (transaction: Transaction<Schema>) => Promise<T>

/** The service's own records, in whichever engine keeps them. */
export type Database = {
  readonly engine: 'sqlite' | 'postgres'
  /** For reads. They never wait for a write that is under way in another transaction longer than that takes. */
  readonly query: Kysely<Schema>
  /**
   * Runs the statements in a transaction that is on the disk when this resolves. In SQLite those that come while another
   * commit is under way share the next one, in the order of their coming. One that throws leaves nothing and costs the
   * others a second run, so conflicts are counted, not raised. Bounded: past 1,000 waiting it refuses.
   * @throws StorageUnavailableError when nothing was stored, or (PostgreSQL) nobody could say for 5 s whether it was
   */
  write<T>(write: Write<T>): Promise<T>
  /**
   * The same for what may be lost: goes with the next commit, or within a second, and through an outage as long as this
   * process lives. Never throws; what is given up (a bug, or more than 1,000 waiting) is logged.
   */
  later(write: Write<unknown>): void
  /** Milliseconds since the epoch by the one clock that all bridges on this database share. */
  nowMs(): Promise<number>
  /** Does it take a write? For health. @throws StorageUnavailableError */
  probe(): Promise<void>
  close(): Promise<void>
}
