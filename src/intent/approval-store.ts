import { hash } from 'node:crypto'
import type { Selectable, Transaction } from 'kysely'
import { sql } from 'kysely'
import type { Database } from '../db/database.ts'
import type { ApprovalTable, Schema } from '../db/schema.ts'
import type { Run, Step } from './_begun-writes.ts'
import { begin, forget, goOn, leaveOpen } from './_begun-writes.ts'

/** A write that waits for a person, or that one has just decided on. Times are epoch milliseconds. */
export type WaitingWrite = {
  readonly id: string
  /** The whole call as text. */
  readonly call: string
  readonly status: 'pending' | 'approved' | 'declined'
  readonly askedMs: number
  /** Until when it waits, or may be used. */
  readonly untilMs: number
}

/**
 * How a permitted run ended:
 * - `settled`: it got something done or was refused for good; the permission is used
 * - `open`: what became of it is not known; the same call may go on where it was
 * - `unused`: it reached nobody; the permission stands as it did
 */
export type RunEnd = 'settled' | 'open' | 'unused'

/** What a call is told that asks for permission. */
export type Taken =
  /** One run is permitted; `end` stores how it ended. */
  | { readonly kind: 'granted'; end(how: RunEnd): Promise<void> }
  /** A person said no; the next such call is asked about anew. */
  | { readonly kind: 'declined'; readonly write: WaitingWrite }
  /** A person has to decide first. */
  | { readonly kind: 'asked'; readonly write: WaitingWrite }
  /** As many wait as may. */
  | { readonly kind: 'full'; readonly maxWaiting: number }

/** A call that wants to run. */
export type WantedWrite = {
  /** A fresh UUID: the question's name if it comes to one, else the run's. */
  readonly id: string
  /** The whole call as text: equal calls have equal texts. */
  readonly call: string
  /** Where a repeat finds what was begun; undefined where a repeat would begin another thing. */
  readonly place: string | undefined
}

/**
 * Writes that wait for a person, one record for each call, shared by all bridges on one database and timed by its clock.
 * A run that its bridge did not survive counts as `open`.
 * @throws StorageUnavailableError, from all of it: then nothing was permitted and nothing decided
 */
export type ApprovalStore = {
  /** Those that nobody has decided on, newest first. */
  waiting(): Promise<readonly WaitingWrite[]>
  /** @returns undefined for an id that is unknown, expired or used */
  decide(id: string, status: 'approved' | 'declined'): Promise<WaitingWrite | undefined>
  /** Of two equal calls at once, on one bridge or on two, an approval lets one through. */
  take(wanted: WantedWrite): Promise<Taken>
}

export type ApprovalLimits = {
  /** 1,000 unless told. */
  readonly maxWaiting?: number
  /** How long a question waits for its answer; 10 minutes unless told. */
  readonly pendingMs?: number
  /** How long an approval may be used, or a write with an open fate go on; 5 minutes unless told. */
  readonly usableMs?: number
}

export type ApprovalStoreDeps = {
  readonly database: Database
  /** This bridge, as its row in `bridges` names it. */
  readonly bridgeId: string
  readonly limits?: ApprovalLimits
}

const minutes = 60_000

/** Approvals in the service's own database. */
export function createApprovalStore({ database, bridgeId, limits = {} }: ApprovalStoreDeps): ApprovalStore {
  const { maxWaiting = 1_000, pendingMs = 10 * minutes, usableMs = 5 * minutes } = limits

  const change = <T>(work: (step: Step) => Promise<T>): Promise<T> =>
    database.write(async (transaction) => {
      const nowMs = database.engine === 'postgres' ? await takeTurn(transaction) : await database.nowMs()
      return work({ transaction, nowMs })
    })

  /** Of a run by `approval`; of one that goes on without. */
  const grant = (run: Run, approval?: Row): Taken => ({
    kind: 'granted',
    end: (how) =>
      change((step) => {
        if (how === 'settled') return forget(step, run)
        return how === 'unused' && approval ? giveBack(step, run, approval) : leaveOpen(step, run)
      }),
  })

  return {
    async waiting() {
      const nowMs = await database.nowMs()
      const pending = database.query.selectFrom('approvals').selectAll().where('status', '=', 'pending')
      const rows = await pending.where('until_ms', '>', nowMs).orderBy('seq', 'desc').execute()
      return rows.map(toWaiting)
    },
    decide: (id, status) =>
      change(async ({ transaction, nowMs }) => {
        const row = await transaction
          .updateTable('approvals')
          .set({ status, until_ms: nowMs + (status === 'approved' ? usableMs : pendingMs) })
          .where('id', '=', id)
          .where('until_ms', '>', nowMs)
          .returningAll()
          .executeTakeFirst()
        return row && toWaiting(row)
      }),
    take: ({ id, call, place }) =>
      change(async (step) => {
        const { transaction, nowMs } = step
        const digest = digestOf(call)
        const run = { id, bridgeId, call: digest, place: place === undefined ? undefined : digestOf(place), usableMs }
        if (await goOn(step, run)) return grant(run)
        await transaction.deleteFrom('approvals').where('until_ms', '<=', nowMs).execute()
        const row = await transaction
          .selectFrom('approvals')
          .selectAll()
          .where('digest', '=', digest)
          .executeTakeFirst()
        if (row === undefined) return ask(step, { id, digest, call, untilMs: nowMs + pendingMs }, maxWaiting)
        if (row.status === 'pending') return { kind: 'asked', write: toWaiting(row) }
        await transaction.deleteFrom('approvals').where('digest', '=', digest).execute()
        if (row.status === 'declined') return { kind: 'declined', write: toWaiting(row) }
        await begin(step, run, maxWaiting)
        return grant(run, row)
      }),
  }
}

type Row = Selectable<ApprovalTable>

/** A number that nothing else of ours locks. */
const approvalsLock = 7_461_001

/**
 * On all bridges approvals change one after the other, as they do in SQLite, so that the count is exact and none waits
 * for another in a circle. The turn lasts until the end of the transaction.
 * @returns the time by the database's clock, after the wait
 */
async function takeTurn(transaction: Transaction<Schema>): Promise<number> {
  const turn = sql<{ now: number }>`
    select pg_advisory_xact_lock(${approvalsLock}::bigint), (extract(epoch from clock_timestamp()) * 1000)::bigint as now`
  const [row] = (await turn.execute(transaction)).rows
  if (row === undefined) throw new TypeError('PostgreSQL gave no time.')
  return row.now
}

type Question = { readonly id: string; readonly digest: string; readonly call: string; readonly untilMs: number }

async function ask({ transaction, nowMs }: Step, question: Question, maxWaiting: number): Promise<Taken> {
  const { id, digest, call, untilMs } = question
  const { count } = await transaction
    .selectFrom('approvals')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  if (count >= maxWaiting) return { kind: 'full', maxWaiting }
  const row = { id, digest, call, status: 'pending', asked_ms: nowMs, until_ms: untilMs } as const
  await transaction.insertInto('approvals').values(row).execute()
  return { kind: 'asked', write: toWaiting(row) }
}

/** Whoever asked in the meantime was told of another record, which a person may be looking at: that one stays. */
async function giveBack(step: Step, run: Run, { seq: _, ...approval }: Row): Promise<void> {
  await step.transaction
    .insertInto('approvals')
    .values(approval)
    .onConflict((conflict) => conflict.column('digest').doNothing())
    .execute()
  await forget(step, run)
}

const toWaiting = ({ id, call, status, asked_ms: askedMs, until_ms: untilMs }: Omit<Row, 'seq'>): WaitingWrite => ({
  id,
  call,
  status,
  askedMs,
  untilMs,
})

const digestOf = (text: string): string => hash('sha256', text, 'hex')
