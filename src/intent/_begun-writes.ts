import type { ExpressionBuilder, Transaction } from 'kysely'
import type { Schema } from '../db/schema.ts'

/** One change, at one moment of the shared clock. */
export type Step = { readonly transaction: Transaction<Schema>; readonly nowMs: number }

/** A permitted run; call and place by digest. */
export type Run = {
  readonly id: string
  /** The bridge where it runs. */
  readonly bridgeId: string
  readonly call: string
  /** Where a repeat finds it; undefined where a repeat would begin another thing. */
  readonly place: string | undefined
  /** For how long it may go on after it ended open. */
  readonly usableMs: number
}

/** No run is as long: what is older was not told its end, because the database was away then. */
const forgottenMs = 24 * 60 * 60_000

/**
 * From now on no earlier write at this place goes on: this one may make the same words mean another thing. Where
 * `maxPlaces` are noted it is not: should its fate stay open, a person is asked again.
 */
export async function begin({ transaction, nowMs }: Step, run: Run, maxPlaces: number): Promise<void> {
  const { place, call, id, bridgeId: runner, usableMs } = run
  if (place === undefined) return
  await transaction
    .deleteFrom('begun_writes')
    .where((eb) =>
      eb.or([
        eb('place', '=', place),
        eb('until_ms', '<=', nowMs - forgottenMs),
        eb.and([eb('until_ms', '<=', nowMs), isOver(eb, run, nowMs)]),
      ]),
    )
    .execute()
  const { count } = await transaction
    .selectFrom('begun_writes')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  if (count >= maxPlaces) return
  const row = { place, call, run: id, runner, until_ms: nowMs + usableMs }
  await transaction.insertInto('begun_writes').values(row).execute()
}

/** Goes on with this very call where it is the newest at its place and its fate is open; false where it may not. */
export async function goOn({ transaction, nowMs }: Step, run: Run): Promise<boolean> {
  const { place, call, id, bridgeId: runner, usableMs } = run
  if (place === undefined) return false
  const { numUpdatedRows } = await transaction
    .updateTable('begun_writes')
    .set({ run: id, runner, until_ms: nowMs + usableMs })
    .where('place', '=', place)
    .where('call', '=', call)
    .where('until_ms', '>', nowMs)
    .where((eb) => isOver(eb, run, nowMs))
    .executeTakeFirstOrThrow()
  return numUpdatedRows > 0n
}

/** The run ended, and what became of it is not known. */
export async function leaveOpen({ transaction, nowMs }: Step, { place, id, usableMs }: Run): Promise<void> {
  if (place === undefined) return
  await transaction
    .updateTable('begun_writes')
    .set({ runner: null, until_ms: nowMs + usableMs })
    .where('place', '=', place)
    .where('run', '=', id)
    .execute()
}

/** The run ended, and nothing of it goes on. */
export async function forget({ transaction }: Step, { place, id }: Run): Promise<void> {
  if (place === undefined) return
  await transaction.deleteFrom('begun_writes').where('place', '=', place).where('run', '=', id).execute()
}

/** The row's run has ended: it said so, or its bridge runs no more, which leaves its fate open. */
const isOver = (eb: ExpressionBuilder<Schema, 'begun_writes'>, { bridgeId }: Run, nowMs: number) => {
  const runs = eb
    .selectFrom('bridges')
    .select('bridges.id')
    .whereRef('bridges.id', '=', 'begun_writes.runner')
    .where('bridges.until_ms', '>', nowMs)
  return eb.or([eb('runner', 'is', null), eb.and([eb('runner', '!=', bridgeId), eb.not(eb.exists(runs))])])
}
