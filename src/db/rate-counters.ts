import type { RawBuilder } from 'kysely'
import { sql } from 'kysely'
import type { Buckets, Rate, RateKind, Rates, Taken } from '../core/buckets.ts'
import { createMemoryBuckets, refusedWith } from '../core/buckets.ts'
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Database } from './database.ts'

export type SharedBucketsDeps = {
  /** PostgreSQL: with SQLite there is one process, and the buckets of that one will do. */
  readonly database: Pick<Database, 'query' | 'later'>
  readonly rates: Rates
  readonly clock: Pick<Clock, 'monotonicMs' | 'sleep'>
  readonly log: Log
}

/** How long a request waits for its count; and for how long nobody asks a database that did not answer. */
const askWithinMs = 500
const leaveAloneMs = 5_000
const logEveryMs = 60_000
/** A caller who has been away that long is forgotten: every bucket is full again by then. */
const forgetAfterMs = 3_600_000
const forgetEveryMs = 600_000

/**
 * Buckets that all bridges on one database share, by its clock. Where it does not answer, each bridge counts by itself: a
 * limit that takes the service down with the database would be worse than one that lets through a little more, and what a
 * process does at once stays bounded all the same.
 */
export function createSharedBuckets({ database, rates, clock, log }: SharedBucketsDeps): Buckets {
  const own = createMemoryBuckets({ rates, clock })
  const state = {
    awayUntilMs: Number.NEGATIVE_INFINITY,
    loggedMs: Number.NEGATIVE_INFINITY,
    forgotMs: clock.monotonicMs(),
  }

  const noteAway = (error: unknown): void => {
    const nowMs = clock.monotonicMs()
    state.awayUntilMs = nowMs + leaveAloneMs
    if (nowMs - state.loggedMs < logEveryMs) return
    state.loggedMs = nowMs
    log.warn({ err: error }, 'the database does not count callers; each bridge does by itself')
  }
  const forget = (): void => {
    const nowMs = clock.monotonicMs()
    if (nowMs - state.forgotMs < forgetEveryMs) return
    state.forgotMs = nowMs
    database.later((transaction) =>
      transaction
        .deleteFrom('rate_counters')
        .where('at_ms', '<', sql<number>`${databaseNow} - ${forgetAfterMs}`)
        .execute(),
    )
  }
  return {
    async take(principal, kind) {
      if (clock.monotonicMs() < state.awayUntilMs) return own.take(principal, kind)
      try {
        const taken = await within(clock, takeOne(database, { principal, kind, rate: rates[kind] }))
        forget()
        return taken
      } catch (error) {
        noteAway(error)
        return own.take(principal, kind)
      }
    },
  }
}

type Asked = { readonly principal: string; readonly kind: RateKind; readonly rate: Rate }

const databaseNow = sql`(extract(epoch from clock_timestamp()) * 1000)::bigint`

/**
 * One statement. The row is refilled for the time since it was touched and gives a token, or it stays as it is; two
 * bridges that come at once wait for each other's row lock, and the second one sees what the first has left. The commit
 * is not waited for on the disk: after a crash of the database a caller has a few tokens more.
 */
async function takeOne({ query }: Pick<Database, 'query'>, { principal, kind, rate }: Asked): Promise<Taken> {
  const { perSecond, burst } = rate
  const refilledBy = (nowMs: RawBuilder<unknown>) =>
    sql`least(${burst}::float8, counter.tokens + greatest(0, ${nowMs} - counter.at_ms) * ${perSecond}::float8 / 1000)`
  const refilled = refilledBy(sql`excluded.at_ms`)
  const { rows } = await sql<{ taken: number | null; had: number | null }>`
    with settings as materialized (select set_config('synchronous_commit', 'off', true) as word),
    now as materialized (select ${databaseNow} as ms from settings),
    taken as (
      insert into rate_counters as counter (principal, kind, tokens, at_ms)
      select ${principal}, ${kind}, ${burst}::float8 - 1, now.ms from now
      on conflict (principal, kind) do update set
        tokens = ${refilled} - 1,
        at_ms = greatest(excluded.at_ms, counter.at_ms)
      where ${refilled} >= 1
      returning counter.tokens
    )
    select (select tokens from taken) as taken,
      (select ${refilledBy(sql`now.ms`)} from rate_counters as counter, now where principal = ${principal} and kind = ${kind}) as had
  `.execute(query)
  const [row] = rows
  if (row === undefined || row.taken !== null) return { ok: true }
  // As it stood before this statement: another bridge may have taken the last one since.
  return refusedWith(Math.min(row.had ?? 0, 0.999), rate)
}

/** @throws what the work throws, or an error once it takes too long */
async function within<T>({ sleep }: Pick<Clock, 'sleep'>, work: Promise<T>): Promise<T> {
  const done = new AbortController()
  const late = sleep(askWithinMs, done.signal).then(
    () => {
      throw new Error(`No answer within ${askWithinMs} ms.`)
    },
    () => work, // it was faster
  )
  work.catch(() => {}) // a late failure is nobody's any more
  try {
    return await Promise.race([work, late])
  } finally {
    done.abort()
    late.catch(() => {})
  }
}
